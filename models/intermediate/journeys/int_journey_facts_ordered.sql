with facts as (
    select * from {{ ref('int_journey_facts_known') }}
),

-- A shop opens with its creation or a payment, and closes when it is deleted or an invoice lapses.
numbered as (
    select
        *,
        row_number() over (
            partition by user_id order by fact_time, {{ journey_stage_rank('stage') }} nulls last, meaning, fact_id
        ) as fact_number,
        stage = 'churned' and (meaning = 'user_deleted' or shop_id is null) as ends_all,
        case
            when shop_id is null or meaning = 'user_deleted' then null
            when stage = 'churned' then 0
            when meaning = 'shop_created' or stage = 'customer' then 1
        end as is_open
    from facts
),

ended as (
    select
        *,
        sum(case when ends_all then 1 else 0 end) over (
            partition by user_id order by fact_number rows between unbounded preceding and current row
        ) as times_ended
    from numbered
),

switched as (
    select
        *,
        is_open - coalesce(lag(is_open) over (
            partition by user_id, times_ended, shop_id, is_open is null order by fact_number
        ), 0) as shops_gained
    from ended
),

counted as (
    select
        *,
        sum(coalesce(shops_gained, 0)) over (
            partition by user_id, times_ended order by fact_number rows between unbounded preceding and current row
        ) as open_shops
    from switched
),

ordered as (
    select
        user_id,
        fact_number,
        fact_id,
        fact_time,
        meaning,
        stage,
        open_shops,
        ends_all or (stage = 'churned' and open_shops = 0) as is_churn
    from counted
)

select * from ordered
