{#-
    Builds a table or view in the place of the former one, which the same transaction drops: all others see what was
    there until it ends, and a failure brings it back. For engines that take back a drop. The materializations of dbt make
    another relation, rename both and drop the former one, and for each of these steps dbt sets up all macros anew.
-#}
{% macro build_in_place(type) %}
    {%- set former = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type=type) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- call statement('main') -%}
        drop {{ type if former is none else former.type }} if exists {{ target_relation }};
        {% if type == 'view' %}
            {{ get_create_view_as_sql(target_relation, sql) }}
        {% else %}
            {{ get_create_table_as_sql(False, target_relation, sql) }}
        {% endif %}
    {%- endcall -%}
    {%- do create_indexes(target_relation) if type == 'table' -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(former)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {#- dbt adds no relation of a name that it knows, so it would go on with the former one's type. -#}
    {%- do adapter.cache_dropped(former) if former is not none -%}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
