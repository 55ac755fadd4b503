{#-
    Rows of a file that lack attributes, with the names of those. An attribute that no row has is not in the file at
    all, and doesn't count.
-#}
{% macro list_missing_attributes(relation, key, attributes, sums) %}
    select
        'missing_{{ key | replace("_id", "") }}_attributes' as check_name,
        'raw.{{ relation }}' as table_name,
        described.{{ key }} as item,
        described.missing as reason,
        coalesce(sums.net_revenue, 0) as amount
    from (
        select
            {{ key }},
            trim(
                {%- for attribute in attributes %}
                    case
                        when nullif(trim(cast({{ attribute }} as {{ dbt.type_string() }})), '') is null
                            and count({{ attribute }}) over () > 0 then '{{ attribute }} '
                        else ''
                    end {{ '||' if not loop.last }}
                {%- endfor %}
            ) as missing
        from {{ relation }}
    ) as described
    left join {{ sums }} as sums on described.{{ key }} = sums.{{ key }}
    where described.missing <> ''
{% endmacro %}
