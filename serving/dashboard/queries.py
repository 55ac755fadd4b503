"""Queries of the dashboard. `{name}` is a mart; nothing else is read.

The database aggregates, and returns what a page shows. Sales, the first page and the list of customers have theirs in
modules of their own.
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
GROUPS = "select distinct customer_segment as member from {customer_profiles} order by member"
# Those without customers, too: the first page links to what may be empty.
RFM_MEMBERS = "select rfm_segment as member from {rfm_segment_summary} order by member"
CATEGORIES = "select category as member from {category_kpis} order by member"

CHURN = """
    select
        churn_risk,
        count(*) as customers,
        round(count(*) / sum(count(*)) over (), 6) as share
    from {customer_churn_risk}
    inner join {customer_profiles} as profiles using (customer_id, churn_risk)
    where
        (%(groups)s::text[] is null or profiles.customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or profiles.rfm_segment = any(%(rfm_segments)s))
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
        concat_ws(': ', segment_number, segment_name) as cluster,
        purchase_count,
        total_spend,
        days_since_last_purchase,
        count(*) over () as buyers
    from {customer_segments}
    inner join {customer_profiles} using (customer_id, segment_number, segment_name)
    where
        (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or rfm_segment = any(%(rfm_segments)s))
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
    where
        (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or rfm_segment = any(%(rfm_segments)s))
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
    where
        (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or rfm_segment = any(%(rfm_segments)s))
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

# The groups have each customer once, so that their cells add up.
COHORTS_OF_GROUPS = """
    with summed as (
        select
            cohort_month,
            month_number,
            sum(cohort_size)::bigint as cohort_size,
            sum(retained_customers)::bigint as retained_customers,
            sum(net_revenue) as net_revenue,
            is_complete,
            is_left_censored
        from {cohort_retention_by_group}
        where
            dimension = 'customer_segment'
            and member = any(%(groups)s)
            and cohort_month between date_trunc('month', %(first_day)s::date) and %(last_day)s
        group by cohort_month, month_number, is_complete, is_left_censored
    )

    select
        cohort_month, month_number, cohort_size, retained_customers,
        round(retained_customers / cohort_size::numeric, 6) as retention_rate,
        net_revenue, is_complete, is_left_censored
    from summed
    order by cohort_month, month_number
"""

TOP_CUSTOMERS = """
    select customer_id
    from {customer_profiles}
    where
        customer_id <> '(unknown)'
        and (%(groups)s::text[] is null or customer_segment = any(%(groups)s))
        and (%(rfm_segments)s::text[] is null or rfm_segment = any(%(rfm_segments)s))
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

# An order whose lines are not all of one day has the day of its first.
ORDERS = """
    select
        min(transaction_date) as order_date,
        order_id,
        case when max(purchase_date) is null then 'refund' else 'purchase' end as kind,
        count(*) as transaction_count,
        sum(amount) as net_revenue
    from {order_lines}
    where customer_id = %(customer_id)s
    group by order_id
    order by order_date desc, order_id desc
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
    select distinct table_name
    from {load_history}
    where status = 'loaded' and file_name like '%%synthetic%%' and table_name = any(%(tables)s)
    order by table_name
"""
USERS = """
    select user_id, signed_up_at, plan_name, current_stage, current_stage_since, days_to_customer
    from {user_journeys}
    where
        case %(step)s
            when 'prospects' then first_prospect_at is not null
            when 'customers' then first_customer_at is not null
            when 'churned' then first_churned_at is not null
            else true
        end
    order by signed_up_at desc, user_id
    limit %(most)s
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
