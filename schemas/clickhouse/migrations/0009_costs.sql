-- The raw archive of charges and of the exports that they are lines of; a charge's id is made of its export, so that a
-- replayed line is one row. Which export counts is decided when it is read (view cost_exports).
CREATE TABLE IF NOT EXISTS cost_events ${on_cluster}
(
    source         String COMMENT 'Where the export came from (CloudEvents source)',
    id             String COMMENT 'Digest of export and line, equal lines numbered (CloudEvents id)',
    kind           LowCardinality(String) COMMENT 'cost (a line) or cost_export',
    time           DateTime64(6, 'UTC') COMMENT 'Start of the charge; of an export when it was made',
    data           String COMMENT 'The contract as JSON' CODEC(ZSTD(3)),
    revision       UInt32 COMMENT 'Revision of the mapper that made it',
    version        UInt64 COMMENT 'Rank of this content under its identity',
    topic          LowCardinality(String) COMMENT 'Where it was read',
    partition      UInt32 COMMENT 'Where it was read',
    offset         UInt64 COMMENT 'Where it was read',
    export         String COMMENT 'Digest of all lines of the export of this account and period',
    account        LowCardinality(String) COMMENT 'Billing account; of a cluster its name',
    period_start   DateTime64(6, 'UTC') COMMENT 'Start of the billing period or window',
    period_end     DateTime64(6, 'UTC') COMMENT 'First instant after it',
    exported_at    Nullable(DateTime64(6, 'UTC')) COMMENT 'Of an export: when it was made; the latest counts',
    lines          UInt64 COMMENT 'Of an export: how many lines it has; 0 for a line',
    is_closed      UInt8 COMMENT 'Of an export: 1 when the provider has closed the period',
    final_from     Nullable(DateTime64(6, 'UTC')) COMMENT 'Of an export: from when the period is taken as closed anyway',
    charge_start   Nullable(DateTime64(6, 'UTC')) COMMENT 'Of a line: start of the charge period',
    charge_end     Nullable(DateTime64(6, 'UTC')) COMMENT 'Of a line: first instant after it',
    category       LowCardinality(String) COMMENT 'usage, purchase, tax, credit or adjustment; empty for an export',
    currency       LowCardinality(String) COMMENT 'ISO 4217; empty for an export',
    effective_cost Decimal(38, 18) COMMENT 'Amortised cost, what counts; 0 for an export',
    billed_cost    Nullable(Decimal(38, 18)) COMMENT 'As invoiced; NULL when not given',
    provider       LowCardinality(String) COMMENT 'Provider; empty when not given',
    product        LowCardinality(String) COMMENT 'What the provider calls its service; empty when not given',
    sub_account    LowCardinality(String) COMMENT 'Sub account; empty when not given',
    resource       String COMMENT 'Resource as the provider names it; empty when not given' CODEC(ZSTD(1)),
    service        LowCardinality(String) COMMENT 'Service that a tag or label names; empty when none does',
    is_idle        UInt8 COMMENT '1 for idle capacity and unused commitments'
)
ENGINE = ${replacing}
ORDER BY (source, export, id, version)
SETTINGS ${durable};
