-- Every pair exists in both directions, and all its measures except the confidence are the same in both.
select
    affinities.product_id,
    affinities.other_product_id
from {{ ref('product_affinities') }} as affinities
left join {{ ref('product_affinities') }} as mirrored
    on
        affinities.product_id = mirrored.other_product_id
        and affinities.other_product_id = mirrored.product_id
where
    affinities.pair_orders is distinct from mirrored.pair_orders
    or affinities.product_orders is distinct from mirrored.other_product_orders
    or affinities.support is distinct from mirrored.support
    or affinities.lift is distinct from mirrored.lift
    or affinities.cosine is distinct from mirrored.cosine
