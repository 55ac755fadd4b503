{#-
    `kmeans_centroids` for engines whose recursive queries can't do it: the loop is in Jinja. Each query moves the
    centroids of all starts by one iteration, and the next query contains them as numbers. Sums are exact, so the
    centroids are the same.
-#}
{% macro kmeans_by_queries(points, table, id, features, clusters, max_iterations) -%}
    {%- set found = namespace(moving=[], settled=[], best=none) -%}
    {%- if execute -%}
        {%- set found.moving = kmeans_starts(table, id, features, clusters) -%}
        {%- for iteration in range(1, max_iterations + 1) if found.moving -%}
            {%- set still_moving = [] -%}
            {%- for start in kmeans_moved(table, features, found.moving, iteration) -%}
                {%- set is_last = start.is_settled or iteration == max_iterations -%}
                {%- do (found.settled if is_last else still_moving).append(start) -%}
            {%- endfor -%}
            {%- set found.moving = still_moving -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if found.settled -%}
        {%- set inertias -%}
            select start_number, inertia
            from (
                {%- for start in found.settled %}
                    select {{ start.number }} as start_number, sum(distance) as inertia
                    from ({{ kmeans_nearest(table, features, start.centroids) }}) as assigned
                    {{ 'union all' if not loop.last }}
                {%- endfor %}
            ) as measured
            order by round(cast(inertia as numeric(38, 10)), 6), start_number
            limit 1
        {%- endset -%}
        {%- set found.best = run_query(inertias).rows[0] -%}
        {%- set start = found.settled | selectattr('number', 'equalto', found.best[0] | int) | first -%}
        {%- for centroid in start.centroids %}
            select
                {%- for feature in features %}
                    {{ centroid[loop.index0] }} as {{ feature }},
                {%- endfor %}
                {{ start.iteration }} as iteration,
                {{ start.is_settled | lower }} as is_settled,
                cast({{ found.best[1] }} as {{ type_double() }}) as inertia
            {{ 'union' if not loop.last }}
        {%- endfor -%}
    {%- else %}
        select
            {{ features | join(', ') }},
            0 as iteration,
            true as is_settled,
            cast(0 as {{ type_double() }}) as inertia
        from {{ points }}
        where false
    {%- endif -%}
{%- endmacro %}

{#- The starts of `kmeans_centroids`, each with its number and centroids. -#}
{% macro kmeans_starts(table, id, features, clusters) -%}
    {%- set starts, farthest = [], [] -%}
    {%- set means = 'avg(' ~ features | join('), avg(') ~ ')' -%}
    {%- for cluster in range(clusters) -%}
        {%- set origin = [['0'] * features | length] -%}
        {%- set next -%}
            select {{ features | join(', ') }}
            from ({{ kmeans_nearest(table, features, farthest or origin, id) }}) as measured
            order by distance desc, {{ id }}
            limit 1
        {%- endset -%}
        {%- for row in run_query(next).rows -%}{%- do farthest.append(kmeans_numbers(row)) -%}{%- endfor -%}
    {%- endfor -%}
    {%- if farthest -%}
        {%- do starts.append({'number': 0, 'centroids': farthest}) -%}
    {%- endif -%}
    {%- for feature in features if farthest -%}
        {%- set quantiles -%}
            select {{ means }}
            from (select *, ntile({{ clusters }}) over (order by {{ feature }}, {{ id }}) as quantile from {{ table }}) as ranked
            group by quantile
            order by quantile
        {%- endset -%}
        {%- set centroids = [] -%}
        {%- for row in run_query(quantiles).rows -%}{%- do centroids.append(kmeans_numbers(row)) -%}{%- endfor -%}
        {%- do starts.append({'number': loop.index, 'centroids': centroids}) -%}
    {%- endfor -%}
    {{ return(starts) }}
{%- endmacro %}
