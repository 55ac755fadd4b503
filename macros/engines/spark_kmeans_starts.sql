{#- The starts of `kmeans_centroids`: each a number and its centroids, which are lists of Spark's literals. -#}
{% macro spark_kmeans_starts(table, id, features, clusters) -%}
    {%- set starts, farthest = [], [] -%}
    {%- for cluster in range(clusters) -%}
        {%- set distances = [] -%}
        {%- for centroid in farthest -%}{%- do distances.append(spark_kmeans_distance(features, centroid)) -%}{%- endfor -%}
        {%- set next -%}
            select {{ features | join(', ') }}
            from {{ table }}
            order by
                {{ smallest(distances) if distances | length > 1 else distances | first or kmeans_distance(features, 0) }} desc,
                {{ id }}
            limit 1
        {%- endset -%}
        {%- for row in run_query(next).rows -%}{%- do farthest.append(spark_kmeans_centroid(row)) -%}{%- endfor -%}
    {%- endfor -%}
    {%- if farthest -%}
        {%- do starts.append({'number': 0, 'centroids': farthest}) -%}
        {%- for feature in features -%}
            {%- set quantiles -%}
                select avg({{ features | join('), avg(') }})
                from (
                    select *, ntile({{ clusters }}) over (order by {{ feature }}, {{ id }}) as quantile from {{ table }}
                ) as ranked
                group by quantile
                order by quantile
            {%- endset -%}
            {%- set centroids = [] -%}
            {%- for row in run_query(quantiles).rows -%}
                {%- do centroids.append(spark_kmeans_centroid(row)) -%}
            {%- endfor -%}
            {%- do starts.append({'number': loop.index, 'centroids': centroids}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(starts) }}
{%- endmacro %}
