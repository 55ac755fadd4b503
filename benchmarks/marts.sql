-- The four marts that `benchmarks/build.py` compares, as SQL of DuckDB on the CSV files of the folder `files`.

-- Rounds half away from zero as PostgreSQL's numeric does; amounts are whole cents, so nothing is lost on the way.
create macro ratio(dividend, divisor, digits) as
    sign(dividend) * ((2 * abs(dividend) * pow(10, digits)::hugeint + divisor) // (2 * divisor))
    / pow(10, digits);

create table customers as
select distinct household_id as customer_id
from read_csv(getvariable('files') || '/customers.csv', all_varchar = true);

create table products as
select product_id, product_category
from read_csv(getvariable('files') || '/products.csv', all_varchar = true);

create table lines as
select
    household_id as customer_id,
    basket_id as order_id,
    product_id,
    cast(100 * cast(sales_value as decimal(18, 2)) as bigint) as cents,
    cast(transaction_timestamp as date) as day
from read_csv(getvariable('files') || '/transactions.csv', all_varchar = true);

create table as_of as
select max(day) as as_of_date, min(day) as first_date from lines;

create table order_days as
select
    customer_id,
    order_id,
    day,
    count(*) as transaction_count,
    count(*) filter (cents >= 0) as sale_count,
    sum(greatest(cents, 0))::bigint as gross,
    sum(greatest(-cents, 0))::bigint as refunds,
    sum(cents)::bigint as net
from lines
group by all;

create table orders as
select customer_id, order_id, sum(net)::bigint as net, (sum(net) > 0 or sum(refunds) = 0) as is_purchase
from order_days
group by all;

create table customer_metrics as
with order_totals as (
    select customer_id, count(*) filter (is_purchase) as purchase_count, sum(net)::bigint as net
    from orders
    group by customer_id
),

days as (
    select order_days.customer_id, order_days.day, sum(order_days.net)::bigint as net
    from order_days
    join orders using (customer_id, order_id)
    group by all
    having bool_or(orders.is_purchase and order_days.sale_count > 0)
),

numbered_days as (
    select *, row_number() over (partition by customer_id order by day) as day_number from days
),

day_totals as (
    select
        customer_id,
        count(*) as purchase_days,
        min(day) as first_day,
        max(day) as last_day,
        coalesce(sum(net) filter (day_number > 1), 0)::bigint as repeat_net
    from numbered_days
    group by customer_id
)

select
    customer_id,
    customers.customer_id is not null as is_registered,
    coalesce(purchase_count, 0) as purchase_count,
    cast(coalesce(net, 0) / 100 as decimal(18, 2)) as total_spend,
    cast(ratio(net, nullif(purchase_count, 0) * 100, 2) as decimal(18, 2)) as average_transaction_value,
    first_day as first_purchase_date,
    last_day as last_purchase_date,
    as_of_date - last_day as days_since_last_purchase,
    last_day - first_day as customer_lifetime_days,
    coalesce(purchase_days, 0) as purchase_days,
    greatest(coalesce(purchase_days, 0) - 1, 0) as frequency,
    last_day - first_day as recency_days,
    as_of_date - first_day as tenure_days,
    cast(
        case when purchase_days = 1 then 0 else ratio(repeat_net, (purchase_days - 1) * 100, 2) end as decimal(18, 2)
    ) as monetary_value
from customers
full join order_totals using (customer_id)
left join day_totals using (customer_id)
cross join as_of;

create table customer_rfm as
with scored as (
    select
        customer_id,
        days_since_last_purchase,
        purchase_count,
        total_spend,
        count(*) over () as buyers,
        2 * (rank() over (order by days_since_last_purchase desc) - 1)
        + count(*) over (partition by days_since_last_purchase) - 1 as recency_rank,
        2 * (rank() over (order by purchase_count) - 1)
        + count(*) over (partition by purchase_count) - 1 as frequency_rank,
        2 * (rank() over (order by total_spend) - 1)
        + count(*) over (partition by total_spend) - 1 as monetary_rank
    from customer_metrics
    where purchase_count > 0
),

quintiles as (
    select
        scored.*,
        1 + least(4, 5 * recency_rank // (2 * buyers)) as recency_score,
        1 + least(4, 5 * frequency_rank // (2 * buyers)) as frequency_score,
        1 + least(4, 5 * monetary_rank // (2 * buyers)) as monetary_score
    from scored
)

select
    customer_id,
    days_since_last_purchase,
    purchase_count,
    total_spend,
    recency_score,
    frequency_score,
    monetary_score,
    100 * recency_score + 10 * frequency_score + monetary_score as rfm_cell,
    rules.segment as rfm_segment
from quintiles
left join read_csv(getvariable('rules')) as rules
    on
        recency_score between r_min and r_max
        and frequency_score between f_min and f_max
        and monetary_score between m_min and m_max;

create table category_kpis as
with summed as (
    select
        coalesce(product_category, '(unknown)') as category,
        count(*) as transaction_count,
        count(distinct customer_id) as unique_customers,
        sum(cents)::bigint as net
    from lines
    left join products using (product_id)
    group by 1
)

select
    category,
    transaction_count,
    cast(net / 100 as decimal(18, 2)) as total_revenue,
    cast(ratio(net, transaction_count * 100, 2) as decimal(18, 2)) as average_transaction_value,
    unique_customers,
    cast(ratio(net, sum(net) over (), 6) as decimal(18, 6)) as revenue_share
from summed;

create table daily_sales as
with calendar as (
    select unnest(generate_series(first_date, as_of_date, interval 1 day))::date as day from as_of
),

summed as (
    select
        day,
        sum(transaction_count)::bigint as transaction_count,
        count(distinct order_id) as order_count,
        count(distinct customer_id) as unique_customers,
        sum(gross)::bigint as gross,
        sum(refunds)::bigint as refunds,
        sum(net)::bigint as net
    from order_days
    group by day
),

days as (
    select
        day,
        coalesce(transaction_count, 0) as transaction_count,
        coalesce(order_count, 0) as order_count,
        coalesce(unique_customers, 0) as unique_customers,
        coalesce(gross, 0) as gross,
        coalesce(refunds, 0) as refunds,
        coalesce(net, 0) as net
    from calendar
    left join summed using (day)
)

select
    days.day as sales_date,
    days.transaction_count,
    days.order_count,
    days.unique_customers,
    cast(days.gross / 100 as decimal(18, 2)) as gross_revenue,
    cast(days.refunds / 100 as decimal(18, 2)) as refunds,
    cast(days.net / 100 as decimal(18, 2)) as net_revenue,
    cast(
        case when count(*) over week = 7 then ratio(sum(days.net) over week, 700, 2) end as decimal(18, 2)
    ) as net_revenue_7d_avg,
    cast(
        case
            when lag(days.net) over week > 0
                then ratio(days.net - lag(days.net) over week, lag(days.net) over week, 6)
        end as decimal(18, 6)
    ) as net_revenue_growth,
    cast(
        case when last_year.net > 0 then ratio(days.net - last_year.net, last_year.net, 6) end as decimal(18, 6)
    ) as net_revenue_growth_yoy
from days
left join days as last_year
    on last_year.day = days.day - interval 1 year and strftime(days.day, '%m-%d') <> '02-29'
window week as (order by days.day rows between 6 preceding and current row);
