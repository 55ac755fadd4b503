{#-
    Spark's recursion may neither sum nor correlate, so the loop is Jinja's: a query moves the centroids of all starts by
    one iteration, and the next one has them as numbers. Sums are exact, so these are the centroids of the one query.
-#}
{% macro spark__kmeans_centroids(points, table, id, features, clusters, max_iterations) -%}
    {%- set found = namespace(starts=[], finished=[], best=none) -%}
    {%- if execute -%}
        {%- set found.starts = spark_kmeans_starts(table, id, features, clusters) -%}
        {%- for iteration in range(1, max_iterations + 1) if found.starts -%}
            {%- set found.starts, moving = spark_kmeans_moved(table, features, found.starts, iteration), [] -%}
            {%- for start in found.starts -%}
                {%- do (found.finished if start.is_settled or iteration == max_iterations else moving).append(start) -%}
            {%- endfor -%}
            {%- set found.starts = moving -%}
        {%- endfor -%}
        {%- if found.finished -%}
            {%- set inertias -%}
                select start_number, inertia
                from (
                    {%- for start in found.finished %}
                    select {{ start.number }} as start_number, sum(distance) as inertia
                    from ({{ spark_kmeans_assigned(table, features, start.centroids) }}) as assigned
                    {{ 'union all' if not loop.last }}
                    {%- endfor %}
                ) as measured
                order by round(cast(inertia as {{ type_exact(38, 10) }}), 6), start_number
                limit 1
            {%- endset -%}
            {%- set found.best = run_query(inertias).rows[0] -%}
            {%- set start = found.finished | selectattr('number', 'equalto', found.best[0] | int) | first -%}
            {%- for centroid in start.centroids %}
    select
                {%- for feature in features %}
        {{ centroid[loop.index0] }} as {{ feature }},
                {%- endfor %}
        {{ start.iteration }} as iteration,
        {{ start.is_settled | lower }} as is_settled,
        {{ kmeans_number(found.best[1]) }} as inertia
    {{ union_distinct() if not loop.last }}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {%- if not found.best %}
    select {{ features | join(', ') }}, 0 as iteration, true as is_settled, {{ kmeans_number(0) }} as inertia
    from {{ points }}
    where false
    {%- endif -%}
{%- endmacro %}

{#- The starts with the means of their clusters' points in place of their centroids; one without points stays. -#}
{% macro spark_kmeans_moved(table, features, starts, iteration) -%}
    {%- set query -%}
        {%- for start in starts %}
        select {{ start.number }} as start_number, cluster, avg({{ features | join('), avg(') }})
        from ({{ spark_kmeans_assigned(table, features, start.centroids) }}) as assigned
        group by cluster
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- set rows, moved = run_query(query).rows, [] -%}
    {%- for start in starts -%}
        {%- set means, centroids = {}, [] -%}
        {%- for row in rows if row[0] == start.number -%}
            {%- do means.update({row[1] | int: spark_kmeans_centroid(row[2:])}) -%}
        {%- endfor -%}
        {%- for centroid in start.centroids -%}
            {%- do centroids.append(means.get(loop.index, centroid)) -%}
        {%- endfor -%}
        {%- do moved.append({
            'number': start.number, 'centroids': centroids, 'iteration': iteration,
            'is_settled': centroids == start.centroids,
        }) -%}
    {%- endfor -%}
    {{ return(moved) }}
{%- endmacro %}

{% macro spark_kmeans_centroid(values) -%}
    {%- set literals = [] -%}
    {%- for value in values -%}{%- do literals.append(kmeans_number(value) | string) -%}{%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}
