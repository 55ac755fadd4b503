-- Every pair stands in both directions, and all its measures but the confidence are the same in both.
select
    affinities.product_id,
    affinities.other_product_id
from {{ ref('product_affinities') }} as affinities
left join {{ ref('product_affinities') }} as mirrored
    on
        affinities.product_id = mirrored.other_product_id
        and affinities.other_product_id = mirrored.product_id
where
    {{ differs('affinities.pair_orders', 'mirrored.pair_orders') }}
    or {{ differs('affinities.product_orders', 'mirrored.other_product_orders') }}
    or {{ differs('affinities.support', 'mirrored.support') }}
    or {{ differs('affinities.lift', 'mirrored.lift') }}
    or {{ differs('affinities.cosine', 'mirrored.cosine') }}
