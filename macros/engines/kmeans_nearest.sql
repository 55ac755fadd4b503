{#- A number as a literal of floating point. -#}
{% macro kmeans_number(value) -%}
    {{ return(adapter.dispatch('kmeans_number')(value)) }}
{%- endmacro %}

{% macro default__kmeans_number(value) -%}
    cast({{ value }} as {{ type_double() }})
{%- endmacro %}

{% macro spark__kmeans_number(value) -%}
    {{ value }}D
{%- endmacro %}

{% macro spark_kmeans_distance(features, centroid) -%}
    {%- for feature in features -%}
    {{ ' + ' if not loop.first }}power({{ feature }} - ({{ centroid[loop.index0] }}), 2)
    {%- endfor -%}
{%- endmacro %}

{#- As `kmeans_assigned`, with centroids that are numbers. -#}
{% macro spark_kmeans_assigned(table, features, centroids) -%}
    {{ return(adapter.dispatch('kmeans_nearest')(table, features, centroids)) }}
{%- endmacro %}

{% macro default__kmeans_nearest(table, features, centroids) -%}
    {%- set distances = [] -%}
    {%- for centroid in centroids -%}{%- do distances.append('distance_' ~ loop.index) -%}{%- endfor -%}
    {%- set nearest = smallest(distances) if distances | length > 1 else distances | first -%}
    select
        {{ features | join(', ') }},
        {{ nearest }} as distance,
        case {{ nearest }}
            {%- for distance in distances %} when {{ distance }} then {{ loop.index }}{% endfor %}
        end as cluster
    from (
        select {{ features | join(', ') }}
            {%- for centroid in centroids %},
            {{ spark_kmeans_distance(features, centroid) }} as distance_{{ loop.index }}
            {%- endfor %}
        from {{ table }}
    ) as measured
{%- endmacro %}

{% macro spark__kmeans_nearest(table, features, centroids) -%}
    {%- set distances = [] -%}
    {%- for centroid in centroids -%}{%- do distances.append(spark_kmeans_distance(features, centroid)) -%}{%- endfor -%}
    select
        {{ features | join(', ') }},
        array_min(distances) as distance,
        array_position(distances, array_min(distances)) as cluster
    from (
        select
            {{ features | join(', ') }},
            array({{ distances | join(', ') }}) as distances
        from {{ table }}
    ) as measured
{%- endmacro %}
