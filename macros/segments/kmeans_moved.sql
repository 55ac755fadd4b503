{#- The starts with the means of their clusters' points as centroids; a cluster without points keeps its centroid. -#}
{% macro kmeans_moved(table, features, starts, iteration) -%}
    {%- set query -%}
        {%- for start in starts %}
            select {{ start.number }} as start_number, cluster, avg({{ features | join('), avg(') }})
            from ({{ kmeans_nearest(table, features, start.centroids) }}) as assigned
            group by cluster
            {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- set rows, moved = run_query(query).rows, [] -%}
    {%- for start in starts -%}
        {%- set means, centroids = {}, [] -%}
        {%- for row in rows if row[0] == start.number -%}
            {%- do means.update({row[1] | int: kmeans_numbers(row[2:])}) -%}
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

{#- Every point with its nearest centroid and the squared distance to it; `centroids` are lists of numbers. -#}
{% macro kmeans_nearest(table, features, centroids, id=none) -%}
    {%- set columns = (features + [id]) | select | join(', ') -%}
    {%- set distances = [] -%}
    {%- for centroid in centroids -%}{%- do distances.append('distance_' ~ loop.index) -%}{%- endfor -%}
    {%- set nearest = 'least(' ~ distances | join(', ') ~ ')' if distances | length > 1 else distances | first -%}
    select
        {{ columns }},
        {{ nearest }} as distance,
        case {{ nearest }}
            {%- for distance in distances %} when {{ distance }} then {{ loop.index }}{% endfor %}
        end as cluster
    from (
        select
            {{ columns }}
            {%- for centroid in centroids %},
                {% for feature in features -%}
                    {{ ' + ' if not loop.first }}power({{ feature }} - ({{ centroid[loop.index0] }}), 2)
                {%- endfor %} as distance_{{ loop.index }}
            {%- endfor %}
        from {{ table }}
    ) as measured
{%- endmacro %}

{#- Values of a row as floating-point literals. -#}
{% macro kmeans_numbers(values) -%}
    {%- set numbers = [] -%}
    {%- for value in values -%}{%- do numbers.append('cast(' ~ value ~ ' as ' ~ type_double() ~ ')') -%}{%- endfor -%}
    {{ return(numbers) }}
{%- endmacro %}
