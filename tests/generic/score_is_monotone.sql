{#- Equal values have equal scores, and a higher value never has a lower score. -#}
{% test score_is_monotone(model, score, by) %}
    with ranges as (
        select
            {{ by }} as ordered_value,
            min({{ score }}) as lowest_score,
            max({{ score }}) as highest_score
        from {{ model }}
        group by {{ by }}
    ),

    compared as (
        select
            *,
            lag(highest_score) over (order by ordered_value) as highest_score_before
        from ranges
    )

    select *
    from compared
    where
        lowest_score is distinct from highest_score
        or lowest_score < highest_score_before
{% endtest %}
