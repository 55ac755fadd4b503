{#- The table that says what each table was last built of. -#}
{% macro fingerprints_relation() %}
    {{ return(api.Relation.create(
        database=target.database, schema=generate_schema_name('intermediate', none), identifier='fingerprints'
    )) }}
{% endmacro %}
