{% macro kmeans_centroids(points, table, id, features, clusters, max_iterations=300) -%}
    {{ return(adapter.dispatch('kmeans_centroids')(points, table, id, features, clusters, max_iterations)) }}
{%- endmacro %}

{#-
    Lloyd's k-means in one query: each row has the iteration and the array of centroids, and a lateral subquery computes
    the next centroids from the points. It runs from several starts, all deterministic and spread over the data:
    farthest-first, and for each feature the means of its quantiles. The lowest inertia wins. A cluster that loses all
    its points stays where it is; with fewer points than clusters, there are fewer clusters.
-#}
{% macro default__kmeans_centroids(points, table, id, features, clusters, max_iterations) -%}
    with recursive farthest_first as (
        (
            select array[array[{{ features | join(', ') }}]] as centroids
            from {{ points }}
            order by {{ kmeans_distance(features, 0) }} desc, {{ id }}
            limit 1
        )
        union all
        select farthest_first.centroids || array[farthest.centroid]
        from farthest_first
        cross join lateral (
            select array[{{ features | join(', ') }}] as centroid
            from {{ points }}
            order by (
                select min({{ kmeans_distance(features, 'farthest_first.centroids[cluster]') }})
                from generate_series(1, array_length(farthest_first.centroids, 1)) as clusters (cluster)
            ) desc, {{ id }}
            limit 1
        ) as farthest
        where array_length(farthest_first.centroids, 1) < {{ clusters }}
    ),

    starts as (
        select 0 as start, centroids
        from farthest_first
        where array_length(centroids, 1) = {{ clusters }}
        {%- for feature in features %}
        union all
        select {{ loop.index }}, array_agg(centroid order by quantile)
        from (
            select quantile, array[avg({{ features | join('), avg(') }})] as centroid
            from (
                select *, ntile({{ clusters }}) over (order by {{ feature }}, {{ id }}) as quantile
                from {{ points }}
            ) as ranked
            group by quantile
        ) as quantiles
        having count(*) > 0
        {%- endfor %}
    ),

    iterations as (
        select start, 0 as iteration, centroids, false as is_settled
        from starts
        union all
        select iterations.start, iterations.iteration + 1, moved.centroids, moved.centroids = iterations.centroids
        from iterations
        cross join lateral (
            select
                array_agg(
                    coalesce(means.centroid, array[
                        {%- for feature in features %}
                        {{- ', ' if not loop.first }}iterations.centroids[clusters.cluster][{{ loop.index }}]
                        {%- endfor -%}
                    ]) order by clusters.cluster
                ) as centroids
            from generate_series(1, array_length(iterations.centroids, 1)) as clusters (cluster)
            left join (
                select cluster, array[avg({{ features | join('), avg(') }})] as centroid
                from ({{ kmeans_assigned(points, features, clusters, 'iterations.centroids') }}) as assigned
                group by cluster
            ) as means on clusters.cluster = means.cluster
        ) as moved
        where not iterations.is_settled and iterations.iteration < {{ max_iterations }}
    ),

    best as (
        select finished.iteration, finished.centroids, finished.is_settled, measured.inertia
        from (select distinct on (start) * from iterations order by start, iteration desc) as finished
        cross join lateral (
            select sum(distance) as inertia
            from ({{ kmeans_assigned(points, features, clusters, 'finished.centroids') }}) as assigned
        ) as measured
        order by round(cast(measured.inertia as numeric), 6), finished.start
        limit 1
    )

    select distinct
        {%- for feature in features %}
        best.centroids[clusters.cluster][{{ loop.index }}] as {{ feature }},
        {%- endfor %}
        best.iteration,
        best.is_settled,
        best.inertia
    from best
    cross join lateral generate_series(1, array_length(best.centroids, 1)) as clusters (cluster)
{%- endmacro %}
