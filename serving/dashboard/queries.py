"""Every query of the dashboard. `{name}` is a mart; nothing else is read.

The database aggregates, and returns what a page shows. Without a filter that needs single lines, a small mart
answers; with one, `order_lines` is summed by the same definitions.
"""

from __future__ import annotations

SUMMARY = """
    select
        currency, total_revenue, total_customers, total_orders, total_transactions, average_order_value, as_of_date,
        (select total_spend from {customer_metrics} where customer_id = '(unknown)') as guest_revenue
    from {metrics_summary}
"""

# Values of the filters.
DAYS = "select min(sales_date) as first_day, max(sales_date) as last_day from {daily_sales}"
SEGMENTS = "select distinct customer_segment as member from {customer_profiles} order by member"
CATEGORIES = "select category as member from {category_kpis} order by member"

DAILY_SALES = """
    select sales_date, gross_revenue, refunds, net_revenue, net_revenue_7d_avg, transaction_count
    from {daily_sales}
    where sales_date between %(first_day)s and %(last_day)s
    order by sales_date
"""
# As in daily_sales: days without a sale count 0, and the mean needs seven days of data.
DAILY_SALES_OF_LINES = """
    with summed as (
        select
            transaction_date,
            count(*) as transaction_count,
            sum(greatest(amount, 0)) as gross_revenue,
            sum(greatest(-amount, 0)) as refunds
        from {order_lines}
        where
            transaction_date between cast(%(first_day)s as date) - 6 and %(last_day)s
            and (%(segments)s::text[] is null or customer_segment = any(%(segments)s))
            and (%(categories)s::text[] is null or category = any(%(categories)s))
        group by transaction_date
    ),

    averaged as (
        select
            sales_date,
            coalesce(summed.gross_revenue, 0) as gross_revenue,
            coalesce(summed.refunds, 0) as refunds,
            coalesce(summed.transaction_count, 0) as transaction_count,
            case when count(*) over week = 7
                then avg(coalesce(summed.gross_revenue - summed.refunds, 0)) over week
            end as net_revenue_7d_avg
        from {daily_sales}
        left join summed on sales_date = transaction_date
        where sales_date between cast(%(first_day)s as date) - 6 and %(last_day)s
        window week as (order by sales_date rows between 6 preceding and current row)
    )

    select
        sales_date,
        round(gross_revenue, 2) as gross_revenue,
        round(refunds, 2) as refunds,
        round(gross_revenue - refunds, 2) as net_revenue,
        round(net_revenue_7d_avg, 2) as net_revenue_7d_avg,
        transaction_count
    from averaged
    where sales_date >= %(first_day)s
    order by sales_date
"""

CATEGORY_REVENUE = """
    select category, sum(total_revenue) as net_revenue, sum(transaction_count)::bigint as transaction_count
    from {segment_category_kpis}
    where
        (%(segments)s::text[] is null or customer_segment = any(%(segments)s))
        and (%(categories)s::text[] is null or category = any(%(categories)s))
    group by category
    order by net_revenue desc, category
"""
CATEGORY_REVENUE_OF_LINES = """
    select category, round(sum(amount), 2) as net_revenue, count(*) as transaction_count
    from {order_lines}
    where
        transaction_date between %(first_day)s and %(last_day)s
        and (%(segments)s::text[] is null or customer_segment = any(%(segments)s))
        and (%(categories)s::text[] is null or category = any(%(categories)s))
    group by category
    order by net_revenue desc, category
"""

CHURN = """
    select
        churn_risk,
        count(*) as customers,
        round(count(*) / sum(count(*)) over (), 6) as share
    from {customer_churn_risk}
    inner join {customer_profiles} as profiles using (customer_id, churn_risk)
    where %(segments)s::text[] is null or profiles.customer_segment = any(%(segments)s)
    group by churn_risk
    order by array_position(array['low', 'medium', 'high', 'prospect'], churn_risk)
"""
THRESHOLDS = """
    select churn_risk, after_days, measured_after_days
    from {churn_thresholds}
    order by after_days, churn_risk desc
"""
CALIBRATION = """
    select
        churn_risk,
        round(sum(returned_customers) / nullif(sum(customers), 0), 6) as return_rate,
        min(return_rate) as lowest_rate,
        max(return_rate) as highest_rate,
        sum(customers)::bigint as customers_observed,
        count(*) as cutoff_days
    from {churn_tier_calibration}
    group by churn_risk
    order by array_position(array['low', 'medium', 'high'], churn_risk)
"""

# The same customers each time: by a hash of the customer, not at random.
SPEND_AND_PURCHASES = """
    select
        customer_id,
        segment_number,
        purchase_count,
        total_spend,
        days_since_last_purchase,
        count(*) over () as buyers
    from {customer_segments}
    inner join {customer_profiles} using (customer_id, segment_number)
    where %(segments)s::text[] is null or customer_segment = any(%(segments)s)
    order by md5(customer_id), customer_id
    limit %(most)s
"""
SEGMENT_MEANS = """
    select
        segment_number,
        segment_name,
        count(*) as customers,
        round(avg(total_spend), 2) as mean_spend,
        round(avg(purchase_count), 1) as mean_purchases,
        round(avg(days_since_last_purchase), 1) as mean_days_since_last_purchase,
        sum(total_spend) as total_spend
    from {customer_segments}
    inner join {customer_profiles} using (customer_id, segment_number, segment_name)
    where %(segments)s::text[] is null or customer_segment = any(%(segments)s)
    group by segment_number, segment_name
    order by segment_number
"""
RFM_SEGMENTS = """
    select
        rfm_segment, customers, customer_share as share, revenue, customers - customers_before as change,
        median_days_since_last_purchase, return_rate_90d as return_rate, observations
    from {rfm_segment_summary}
    where customers > 0 or customers_before > 0
    order by revenue desc, rfm_segment
"""
RFM_CELLS = """
    select
        recency_score,
        frequency_score,
        monetary_score,
        rfm_cell,
        rfm_segment,
        count(*) as customers,
        sum(profiles.total_spend) as total_spend
    from {customer_rfm}
    inner join {customer_profiles} as profiles
        using (customer_id, recency_score, frequency_score, monetary_score, rfm_cell, rfm_segment)
    where %(segments)s::text[] is null or customer_segment = any(%(segments)s)
    group by recency_score, frequency_score, monetary_score, rfm_cell, rfm_segment
    order by rfm_cell desc
"""

COHORTS = """
    select
        cohort_month, month_number, cohort_size, retained_customers, retention_rate, net_revenue, is_complete,
        is_left_censored
    from {cohort_retention}
    where cohort_month between date_trunc('month', %(first_day)s::date) and %(last_day)s
    order by cohort_month, month_number
"""

TOP_CUSTOMERS = """
    select customer_id
    from {customer_profiles}
    where
        customer_id <> '(unknown)'
        and (%(segments)s::text[] is null or customer_segment = any(%(segments)s))
    order by total_spend desc, customer_id
    limit %(most)s
"""
PROFILE = "select * from {customer_profiles} where customer_id = %(customer_id)s"
RECOMMENDATIONS = """
    select as_of_date, list, rank, product_id, product_name, product_type, category, reason, method, score
    from {recommendations}
    where customer_id = %(customer_id)s
    order by list desc, rank
"""

JOURNEY_DAYS = "select min(day) as first_day, max(day) as last_day from {journey_daily_stages}"
STAGES_BY_DAY = """
    select day, stage, users, entered, "left"
    from {journey_daily_stages}
    order by day, array_position(array['lead', 'prospect', 'customer', 'churned'], stage)
"""
TRANSITIONS = """
    select step, from_stage, to_stage, from_node, to_node, users, share
    from {journey_transitions}
    order by step, from_stage, to_stage
"""
# The files of `loader generate` and of the demo say in their names that nobody lived through them.
SYNTHETIC = """
    select count(*) as files
    from {load_history}
    where
        status = 'loaded' and file_name like '%%synthetic%%'
        and table_name in ('raw.users', 'raw.shops', 'raw.plans', 'raw.invoices', 'raw.payments', 'raw.events')
"""
FUNNEL = """
    select
        sum(leads)::bigint as leads,
        sum(prospects)::bigint as prospects,
        sum(customers)::bigint as customers,
        sum(churned)::bigint as churned,
        sum(returned)::bigint as returned
    from {journey_funnels}
"""

# Without `order by`: the view has its own order, newest first. Repeating it would make PostgreSQL sort every line.
LATEST = """
    select transacted_at, transaction_id, customer_id, product_id, category, amount, currency
    from {latest_transactions}
    limit %(most)s
"""

QUALITY = """
    select
        check_name, severity, description, table_name, counted, rows_failed, rows_checked, share_failed,
        amount_affected, share_of_revenue
    from {data_quality_report}
    order by array_position(array['error', 'warning', 'info'], severity), amount_affected desc nulls last, check_name
"""
LOADS = """
    select
        load_id, started_at, table_name, file_name, status, rows_read, rows_inserted, rows_updated, rows_unchanged,
        rows_rejected, seconds, error
    from {load_history}
    order by load_id desc
    limit %(most)s
"""
