{#- Bounds may be expressions; both must have a value, so write a far day for the end of an open range. -#}
{% test mutually_exclusive_ranges(
    model, lower_bound_column, upper_bound_column, partition_by=none, gaps='allowed', zero_length_range_allowed=false
) %}
    {%- set operators = {'allowed': '<=', 'not_allowed': '=', 'required': '<'} %}
    {%- if gaps not in operators %}
        {{ exceptions.raise_compiler_error(
            "`gaps` argument for mutually_exclusive_ranges test must be one of ['not_allowed', 'allowed', 'required'] "
            ~ "Got: '" ~ gaps ~ "'."
        ) }}
    {%- endif %}
    {%- if zero_length_range_allowed is not boolean %}
        {{ exceptions.raise_compiler_error(
            "`zero_length_range_allowed` argument for mutually_exclusive_ranges test must be one of [true, false] "
            ~ "Got: '" ~ zero_length_range_allowed ~ "'."
        ) }}
    {%- endif %}
    {%- set partition = 'partition by ' ~ partition_by if partition_by else '' %}

    with ranges as (
        select
            {% if partition_by %}{{ partition_by }} as partition_by_col,{% endif %}
            {{ lower_bound_column }} as lower_bound,
            {{ upper_bound_column }} as upper_bound,
            lead({{ lower_bound_column }}) over (
                {{ partition }} order by {{ lower_bound_column }}, {{ upper_bound_column }}
            ) as next_lower_bound,
            row_number() over (
                {{ partition }} order by {{ lower_bound_column }} desc, {{ upper_bound_column }} desc
            ) = 1 as is_last_record
        from {{ model }}
    )

    select *
    from ranges
    where not (
        coalesce(lower_bound {{ '<=' if zero_length_range_allowed else '<' }} upper_bound, false)
        and coalesce(upper_bound {{ operators[gaps] }} next_lower_bound, is_last_record, false)
    )
{% endtest %}
