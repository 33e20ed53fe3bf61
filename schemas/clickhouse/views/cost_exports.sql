-- question: Which exports of bills have been made by now, are they whole, and which of them count?
-- grain: source x account x billing period x content of the export
-- owner: platform-analytics
-- needs: as_of
CREATE OR REPLACE VIEW cost_exports ${on_cluster}
(
    source         String COMMENT 'Where it came from',
    export         String COMMENT 'Digest of all its lines',
    account        String COMMENT 'Billing account; of a cluster its name',
    period_start   DateTime64(6, 'UTC') COMMENT 'Start of the billing period or window, as the provider cuts it',
    period_end     DateTime64(6, 'UTC') COMMENT 'First instant after it',
    is_partial     UInt8 COMMENT '1 while the period runs',
    exported_at    DateTime64(6, 'UTC') COMMENT 'When it was made, last',
    lines_expected UInt64 COMMENT 'Lines that it has',
    lines_found    UInt64 COMMENT 'Lines that have arrived',
    is_complete    UInt8 COMMENT '1 when all have; an incomplete one never counts',
    counts         UInt8 COMMENT '1 for the latest complete one of its account and period',
    is_provisional UInt8 COMMENT '1 until the provider closes the period, or the days set for that are over'
)
AS
WITH
    made AS
    (
        SELECT
            source,
            export,
            argMax(account, exported_at) AS account,
            argMax(period_start, exported_at) AS period_start,
            argMax(period_end, exported_at) AS period_end,
            argMax(lines, exported_at) AS lines_expected,
            argMax(closed, (exported_at, closed)) AS is_closed,
            argMax(ifNull(final_from, toDateTime64('2100-01-01 00:00:00', 6, 'UTC')), exported_at) AS final_from,
            max(exported_at) AS last_at
        FROM
        (
            SELECT
                source, export, account, period_start, period_end, lines, is_closed AS closed, final_from,
                assumeNotNull(cost_events.exported_at) AS exported_at
            FROM cost_events FINAL
            WHERE kind = 'cost_export'
            ORDER BY version DESC
            LIMIT 1 BY source, id
        )
        -- A bill that was made after now does not exist yet: the one before it counts.
        WHERE exported_at <= (SELECT at FROM as_of)
        GROUP BY source, export
    ),
    whole AS
    (
        SELECT made.*, found.lines_found AS lines_found, made.lines_expected = found.lines_found AS is_complete
        FROM made
        LEFT JOIN
        (
            SELECT source, export, uniqExact(id) AS lines_found
            FROM cost_events FINAL
            WHERE kind = 'cost'
            GROUP BY source, export
        ) AS found ON found.source = made.source AND found.export = made.export
    ),
    -- What counts, from the latest made back to the first: each complete export that none of those overlaps. One that is
    -- itself replaced replaces nothing, or windows that roll on would leave the last of them alone.
    standing AS
    (
        SELECT
            source,
            account,
            arrayFold(
                (kept, one) -> if(
                    arrayExists(other -> other.1 < one.3 AND other.2 > one.2, kept),
                    kept,
                    arrayPushBack(kept, (one.2, one.3, one.1.2))
                ),
                arrayReverseSort(groupArray((latest, period_start, period_end))),
                CAST([], 'Array(Tuple(DateTime64(6, \'UTC\'), DateTime64(6, \'UTC\'), String))')
            ).3 AS exports
        FROM
        (
            SELECT source, account, period_start, period_end, max((last_at, export)) AS latest
            FROM whole
            WHERE is_complete
            GROUP BY source, account, period_start, period_end
        )
        GROUP BY source, account
    )
SELECT
    whole.source AS source,
    whole.export AS export,
    whole.account AS account,
    whole.period_start AS period_start,
    whole.period_end AS period_end,
    ifNull(whole.period_end > (SELECT at FROM as_of), 0) AS is_partial,
    whole.last_at AS exported_at,
    whole.lines_expected AS lines_expected,
    whole.lines_found AS lines_found,
    whole.is_complete AS is_complete,
    -- A later complete export of any part of the period replaces it whole: a day is never in two bills.
    whole.is_complete AND has(standing.exports, whole.export) AS counts,
    whole.is_closed = 0
        AND (whole.last_at < whole.period_end OR ifNull((SELECT at FROM as_of) < whole.final_from, 1)) AS is_provisional
FROM whole
LEFT JOIN standing ON standing.source = whole.source AND standing.account = whole.account;
