"""The texts that classifying is measured with: a function each, which makes one for a number.

They are what applications, drivers and ORMs send. The number goes into a literal, or into a name
where there is none, so that no text comes twice and no cache can answer.
"""

from __future__ import annotations


def repeated(_: int) -> str:
    """Return a text that comes again and again, as templates with parameters do."""
    return "SELECT id, name, email FROM users WHERE id = %s"


def traced(number: int) -> str:
    """Return the repeated text with the comment that sqlcommenter ends it with."""
    return f"{repeated(number)} /*traceparent='00-{number:032x}-{number:016x}-01'*/"


def read_by_id(number: int) -> str:
    """Return the simplest read."""
    return f"SELECT id, name, email FROM users WHERE id = {number}"


def read_with_joins(number: int) -> str:
    """Return a read of a page of a list, over three tables."""
    return (
        "SELECT o.id, o.total, o.created_at, u.name, i.sku FROM orders o "
        "JOIN users u ON u.id = o.user_id LEFT JOIN items i ON i.order_id = o.id "
        f"WHERE o.created_at >= '2024-01-01' AND o.total > {number} "
        "AND u.status IN ('new', 'paid') ORDER BY o.created_at DESC LIMIT 20 OFFSET 40"
    )


def read_by_django(number: int) -> str:
    """Return a read as Django's compiler writes it."""
    return (
        'SELECT "shop_order"."id", "shop_order"."total", "shop_order"."state", '
        'COUNT("shop_item"."id") AS "items" FROM "shop_order" '
        'LEFT OUTER JOIN "shop_item" ON ("shop_order"."id" = "shop_item"."order_id") '
        f'WHERE ("shop_order"."customer_id" = {number} AND NOT ("shop_order"."state" = \'void\')) '
        'GROUP BY "shop_order"."id" ORDER BY "shop_order"."id" DESC LIMIT 21'
    )


def read_for_analysis(number: int) -> str:
    """Return a report of 40 lines."""
    return f"""
WITH months AS (
    SELECT generate_series(
        date_trunc('month', now()) - interval '11 months',
        date_trunc('month', now()),
        interval '1 month'
    ) AS month
),
paid AS (
    SELECT
        o.id,
        o.user_id,
        date_trunc('month', o.created_at) AS month,
        sum(i.quantity * i.price) AS total,
        count(DISTINCT i.product_id) AS products
    FROM orders o
    JOIN items i ON i.order_id = o.id
    LEFT JOIN refunds r ON r.order_id = o.id AND r.state <> 'declined'
    WHERE o.state IN ('paid', 'shipped', 'delivered')
        AND o.shop_id = {number}
        AND r.id IS NULL
    GROUP BY o.id, o.user_id, date_trunc('month', o.created_at)
    HAVING sum(i.quantity * i.price) > 0
)
SELECT
    to_char(m.month, 'YYYY-MM') AS label,
    count(DISTINCT p.user_id) AS customers,
    coalesce(sum(p.total), 0)::numeric(12, 2) AS revenue,
    round(avg(p.total), 2) AS mean,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p.total) AS middle,
    CASE
        WHEN sum(p.total) > 100000 THEN 'high'
        WHEN sum(p.total) > 10000 THEN 'medium'
        ELSE 'low'
    END AS class,
    rank() OVER (ORDER BY sum(p.total) DESC NULLS LAST) AS place
FROM months m
LEFT JOIN paid p ON p.month = m.month
GROUP BY m.month
ORDER BY m.month
"""


def insert(number: int) -> str:
    """Return an INSERT of one row."""
    return (
        "INSERT INTO users (id, name, email, created_at) "
        f"VALUES ({number}, 'Ada Lovelace', 'ada@example.org', now()) RETURNING id"
    )


def update_by_key(number: int) -> str:
    """Return a keyed UPDATE."""
    return f"UPDATE users SET name = 'Ada', updated_at = now() WHERE id = {number}"


def delete_by_key(number: int) -> str:
    """Return a keyed DELETE."""
    return f"DELETE FROM sessions WHERE id = {number} AND user_id = 7"


def upsert(number: int) -> str:
    """Return an INSERT … ON CONFLICT DO UPDATE."""
    return (
        f"INSERT INTO counters (name, day, hits) VALUES ('home', '2024-01-01', {number}) "
        "ON CONFLICT (name, day) DO UPDATE SET hits = counters.hits + EXCLUDED.hits"
    )


def write_in_with(number: int) -> str:
    """Return a WITH that moves rows."""
    return (
        f"WITH moved AS (DELETE FROM jobs WHERE state = 'done' AND queue_id = {number} "
        "RETURNING id, payload) INSERT INTO jobs_done (id, payload) SELECT id, payload FROM moved"
    )


def insert_of_rows(number: int) -> str:
    """Return an INSERT of 1,000 rows, as drivers merge their values."""
    rows = (
        f"({number * 1000 + row}, 'name ''{row}''', {row}.25, NULL, "
        f"'2024-01-01T00:00:00'::timestamp, E'C:\\\\{row}', true)"
        for row in range(1000)
    )
    return f"INSERT INTO users (id, name, score, note, seen, home, active) VALUES {', '.join(rows)}"


def insert_of_placeholders(number: int) -> str:
    """Return an INSERT of 1,000 rows, as SQLAlchemy's insertmanyvalues writes them."""
    rows = (f"(%(id__{row})s, %(name__{row})s, %(score__{row})s)" for row in range(1000))
    return f"INSERT INTO users_{number} (id, name, score) VALUES {', '.join(rows)}"


def list_of_numbers(number: int) -> str:
    """Return a read with 5,000 numbers in IN."""
    entries = ", ".join(map(str, range(number, number + 5000)))
    return f"SELECT id, name FROM users WHERE id IN ({entries}) ORDER BY id"


def list_of_strings(number: int) -> str:
    """Return a read with 5,000 strings in IN."""
    entries = ", ".join(f"'user-{entry}'" for entry in range(number, number + 5000))
    return f"SELECT id, name FROM users WHERE name IN ({entries}) ORDER BY id"


def list_of_placeholders(number: int) -> str:
    """Return a read with 5,000 placeholders in IN."""
    return f"SELECT id, name FROM users_{number} WHERE id IN ({', '.join(['%s'] * 5000)})"


def delete_of_list(number: int) -> str:
    """Return a DELETE by 5,000 keys."""
    entries = ", ".join(map(str, range(number, number + 5000)))
    return f"DELETE FROM users WHERE id IN ({entries})"
