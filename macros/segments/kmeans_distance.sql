{#- Squared distance of a point to a row of an array of centroids, or to the origin for 0. -#}
{% macro kmeans_distance(features, centroid) -%}
    {%- for feature in features -%}
    {{ ' + ' if not loop.first }}power({{ feature }}{{ ' - ' ~ centroid ~ '[' ~ loop.index ~ ']' if centroid }}, 2)
    {%- endfor -%}
{%- endmacro %}
