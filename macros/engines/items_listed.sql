{#- A relation's rows, each as often as its array has items, with the item in a column more; to stand after `from`. -#}
{% macro items_listed(relation, array, name) -%}
    {{ return(adapter.dispatch('items_listed')(relation, array, name)) }}
{%- endmacro %}

{% macro default__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            items.{{ name }}
        from {{ relation }} as held
        cross join unnest(held.{{ array }}) as items ({{ name }})
    )
{%- endmacro %}

{#- A join with arrays finds the different ones first and joins them back; in the select list nothing is joined. -#}
{% macro duckdb__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            unnest(held.{{ array }}) as {{ name }}
        from {{ relation }} as held
    )
{%- endmacro %}

{#- Arrays of Snowflake and Redshift hold values of any type, so the item gets its own back. -#}
{% macro snowflake__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            cast(items.value as integer) as {{ name }}
        from {{ relation }} as held
        cross join lateral flatten(input => held.{{ array }}) as items
    )
{%- endmacro %}

{#- The alias is the item's own, and not that of a table with it. -#}
{% macro bigquery__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            {{ name }}
        from {{ relation }} as held
        cross join unnest(held.{{ array }}) as {{ name }}
    )
{%- endmacro %}

{% macro redshift__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            cast(item as integer) as {{ name }}
        from {{ relation }} as held, held.{{ array }} as item
    )
{%- endmacro %}

{% macro spark__items_listed(relation, array, name) -%}
    (
        select
            held.*,
            items.{{ name }}
        from {{ relation }} as held
        cross join lateral explode(held.{{ array }}) as items ({{ name }})
    )
{%- endmacro %}
