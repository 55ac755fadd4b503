{#- Every point with its nearest centroid, written out for each centroid: a subquery per point takes far longer. -#}
{% macro kmeans_assigned(points, features, clusters, centroids) -%}
    {%- set distances = [] -%}
    {%- for cluster in range(1, clusters + 1) -%}{%- do distances.append('distance_' ~ cluster) -%}{%- endfor -%}
    select
        {{ features | join(', ') }},
        least({{ distances | join(', ') }}) as distance,
        case least({{ distances | join(', ') }})
            {%- for distance in distances %} when {{ distance }} then {{ loop.index }}{% endfor %}
        end as cluster
    from (
        select {{ features | join(', ') }}
            {%- for cluster in range(1, clusters + 1) %},
            {{ kmeans_distance(features, centroids ~ '[' ~ cluster ~ ']') }} as {{ distances[loop.index0] }}
            {%- endfor %}
        from {{ points }}
        -- Keeps PostgreSQL from computing the distances again wherever they are named.
        offset 0
    ) as measured
{%- endmacro %}
