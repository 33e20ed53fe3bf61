-- question: For which services, teams or the organisation does each period have velocity measures, even when nothing happened?
-- grain: service (or team, or the organisation) x period; parameters as those of velocity
-- owner: platform-analytics
-- needs: velocity_facts, periods_between, catalog_services, catalog_ownership, catalog_today
CREATE OR REPLACE VIEW velocity_spine ${on_cluster}
(
    name         String COMMENT 'Service or team; empty for the organisation',
    team         String COMMENT 'Of a service its owner at the last instant of the period; of a team itself; empty for the organisation',
    period_start Date COMMENT 'First day, in the tenant''s zone',
    period_end   Date COMMENT 'First day after it',
    is_partial   UInt8 COMMENT '1 while the period runs',
    days         UInt32 COMMENT 'Days of the period that have begun',
    is_observed  UInt8 COMMENT '1 when a deployment was seen by the end of the period: from then on no deployment is 0, not unknown'
)
AS
WITH
    (SELECT (services, owners, formers, heirs) FROM catalog_today) AS today,
    facts AS
    (
        SELECT service, team, at, day, kind IN ('release', 'attempt') AS is_deployment
        FROM velocity_facts
        WHERE day < {to:Date}
    ),
    cuts AS
    (
        SELECT period_start, period_end, starts_at, ends_at, is_partial, days
        FROM ${database}.periods_between(from = {from:Date}, to = {to:Date}, grain = {grain:String})
    ),
    spans AS
    (
        SELECT
            service,
            min(facts.at) AS observed_from,
            minOrNullIf(facts.at, is_deployment) AS deployments_from,
            any(archived.archived_at) AS archived_at
        FROM facts
        LEFT JOIN (SELECT service, archived_at FROM catalog_services) AS archived USING (service)
        GROUP BY service
    ),
    alive AS
    (
        SELECT
            spans.service AS service,
            cuts.period_start AS period_start,
            cuts.ends_at - INTERVAL 1 MICROSECOND AS last_at,
            coalesce(spans.deployments_from < cuts.ends_at, 0) AS is_observed
        FROM cuts
        CROSS JOIN spans
        WHERE cuts.ends_at > spans.observed_from
            -- What is archived is no longer a service that does not deploy.
            AND (isNull(spans.archived_at) OR spans.archived_at >= cuts.starts_at)
    ),
    owned AS
    (
        SELECT
            alive.service AS service,
            coalesce(nullIf(owners.team, ''), 'unknown') AS owner_then,
            if({scope:String} = 'today', transform(service, today.1, today.2, transform(owner_then, today.3, today.4, owner_then)), owner_then) AS owner,
            period_start,
            is_observed
        FROM alive
        ASOF LEFT JOIN (SELECT name, team, valid_from FROM catalog_ownership WHERE entity = 'service') AS owners
            ON alive.service = owners.name AND alive.last_at >= owners.valid_from
        UNION ALL
        -- A team keeps what it did before it lost the service, and has nothing to answer for after that.
        SELECT DISTINCT
            '' AS service,
            '' AS owner_then,
            if({scope:String} = 'today', transform(facts.service, today.1, today.2, transform(team, today.3, today.4, team)), team) AS owner,
            multiIf(
                {grain:String} = 'day', day,
                {grain:String} = 'week', toStartOfWeek(day, 1),
                {grain:String} = 'month', toStartOfMonth(day),
                {grain:String} = 'quarter', toStartOfQuarter(day),
                {from:Date}
            ) AS period_start,
            is_deployment AS is_observed
        FROM facts
        WHERE {scope:String} IN ('team', 'today') AND day >= {from:Date}
    )
SELECT
    multiIf({scope:String} IN ('team', 'today'), owner, {scope:String} = 'organisation', '', service) AS name,
    multiIf({scope:String} = 'organisation', '', owner) AS team,
    owned.period_start AS period_start,
    any(cuts.period_end) AS period_end,
    any(cuts.is_partial) AS is_partial,
    any(cuts.days) AS days,
    max(owned.is_observed) AS is_observed
FROM owned
INNER JOIN cuts ON cuts.period_start = owned.period_start
GROUP BY name, team, period_start;
