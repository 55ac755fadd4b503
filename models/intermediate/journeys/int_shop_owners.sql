with shops as (
    select * from {{ ref('stg_journey__shops') }}
),

events as (
    select * from {{ ref('stg_journey__events') }}
),

named as (
    select
        shop_id,
        user_id,
        0 as source_rank,
        created_at as named_at
    from shops
    where user_id is not null
    union all
    select
        shop_id,
        user_id,
        1 as source_rank,
        min(event_time) as named_at
    from events
    where shop_id is not null and user_id is not null
    group by shop_id, user_id
),

-- The table comes first; without it, the user named by the shop's first event.
ranked as (
    select
        *,
        row_number() over (partition by shop_id order by source_rank, named_at, user_id) as owner_rank
    from named
),

resolved as (
    select
        shop_id,
        user_id
    from ranked
    where owner_rank = 1
)

select * from resolved
