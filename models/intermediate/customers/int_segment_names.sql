{%- set features = [
    'purchase_count', 'total_spend', 'average_transaction_value', 'days_since_last_purchase', 'customer_lifetime_days',
] -%}

with centroids as (
    select * from {{ ref('int_customer_centroids') }}
),

words as (
    select * from {{ ref('segment_feature_words') }}
),

-- A centroid is the mean z-score of its buyers: 0 is the mean of all.
listed as (
    {% for feature in features %}
        select
            segment_number,
            '{{ feature }}' as feature,
            cast({{ feature }} as numeric(18, 6)) as z_score
        from centroids
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        listed.segment_number,
        case when listed.z_score > 0 then words.high_words else words.low_words end as feature_words,
        row_number() over (partition by listed.segment_number order by abs(listed.z_score) desc, listed.feature asc)
            as place
    from listed
    left join words on listed.feature = words.feature
    where listed.z_score <> 0
),

named as (
    select
        centroids.segment_number,
        coalesce(firsts.feature_words || coalesce(', ' || seconds.feature_words, ''), 'like all others') as segment_name
    from centroids
    left join ranked as firsts on centroids.segment_number = firsts.segment_number and firsts.place = 1
    left join ranked as seconds on centroids.segment_number = seconds.segment_number and seconds.place = 2
)

select * from named
