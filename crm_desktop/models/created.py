"""The schema of an empty store as SQL. Written by tools/check_schema.py --write."""

# ruff: noqa: E501
from __future__ import annotations

VERSION = 4
"""PRAGMA user_version of a file with this schema: the number of its last migration."""

DDL = """\
CREATE TABLE account (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    short_name TEXT,
    number TEXT,
    provisional_number TEXT,
    uscc TEXT,
    type TEXT,
    stage TEXT,
    stage_reason TEXT,
    status TEXT,
    grade TEXT,
    credit_limit TEXT,
    owner BLOB,
    team BLOB,
    territory BLOB,
    parent BLOB,
    industry TEXT,
    size_band TEXT,
    source TEXT,
    lifecycle TEXT,
    relationship_type TEXT,
    phone TEXT,
    email TEXT,
    website TEXT,
    location TEXT,
    do_not_contact INTEGER,
    tags TEXT,
    description TEXT,
    custom TEXT,
    ext_id TEXT,
    ext_source TEXT,
    merged_into BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX account_ext_id ON account (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX account_owner ON account (owner) WHERE "owner" IS NOT NULL;
CREATE INDEX account_parent ON account (parent) WHERE "parent" IS NOT NULL;
CREATE INDEX account_root ON account (root) WHERE root IS NOT NULL;
CREATE INDEX account_sorted ON account ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE INDEX account_uscc ON account (uscc) WHERE "uscc" IS NOT NULL;
CREATE TABLE account_contact (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    contact BLOB,
    role TEXT,
    is_primary INTEGER,
    level TEXT,
    function TEXT,
    buying_roles TEXT,
    influence INTEGER,
    attitude INTEGER,
    reports_to BLOB,
    since TEXT,
    until TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX account_contact_account ON account_contact (account) WHERE "account" IS NOT NULL;
CREATE INDEX account_contact_contact ON account_contact (contact) WHERE "contact" IS NOT NULL;
CREATE INDEX account_contact_reports_to ON account_contact (reports_to) WHERE "reports_to" IS NOT NULL;
CREATE INDEX account_contact_root ON account_contact (root) WHERE root IS NOT NULL;
CREATE INDEX account_contact_sorted ON account_contact ("role" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE account_team (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    user BLOB,
    role TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX account_team_account ON account_team (account) WHERE "account" IS NOT NULL;
CREATE INDEX account_team_root ON account_team (root) WHERE root IS NOT NULL;
CREATE INDEX account_team_sorted ON account_team ("role", rid) WHERE deleted = 0;
CREATE TABLE address (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    type TEXT,
    country TEXT,
    province TEXT,
    city TEXT,
    district TEXT,
    street TEXT,
    postcode TEXT,
    location TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX address_account ON address (account) WHERE "account" IS NOT NULL;
CREATE INDEX address_root ON address (root) WHERE root IS NOT NULL;
CREATE INDEX address_sorted ON address ("city" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE attachment (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    parent TEXT,
    name TEXT,
    sha256 TEXT,
    size INTEGER,
    mime TEXT,
    comment TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX attachment_parent ON attachment (parent) WHERE "parent" IS NOT NULL;
CREATE INDEX attachment_root ON attachment (root) WHERE root IS NOT NULL;
CREATE INDEX attachment_sorted ON attachment ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE changeset (
    n INTEGER NOT NULL,
    id BLOB NOT NULL,
    batch TEXT,
    batch_n INTEGER DEFAULT '0' NOT NULL,
    label TEXT NOT NULL,
    at TEXT NOT NULL,
    author BLOB NOT NULL,
    device TEXT NOT NULL,
    schema INTEGER DEFAULT '0' NOT NULL,
    scope_gen INTEGER DEFAULT '0' NOT NULL,
    atomic INTEGER DEFAULT '0' NOT NULL,
    state TEXT NOT NULL,
    ack_seq INTEGER DEFAULT '0' NOT NULL,
    bytes INTEGER DEFAULT '0' NOT NULL,
    confirmed_at TEXT,
    undoes TEXT,
    undone INTEGER DEFAULT '0' NOT NULL,
    verdict TEXT,
    seen INTEGER,
    PRIMARY KEY (n),
    UNIQUE (id)
);
CREATE INDEX changeset_batch ON changeset (batch) WHERE batch IS NOT NULL;
CREATE INDEX changeset_open ON changeset (state) WHERE state <> 'confirmed';
CREATE TABLE complaint (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    number TEXT,
    provisional_number TEXT,
    subject TEXT,
    state TEXT,
    type TEXT,
    channel TEXT,
    severity TEXT,
    received_at TEXT,
    contact BLOB,
    "order" BLOB,
    product BLOB,
    batch TEXT,
    description TEXT,
    remedy_sought TEXT,
    need TEXT,
    safety INTEGER,
    category TEXT,
    cause TEXT,
    responsible_unit TEXT,
    handler BLOB,
    outcome TEXT,
    closed_reason TEXT,
    repeat_of BLOB,
    supervisor BLOB,
    supervised_until TEXT,
    supervision_reply TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX complaint_account ON complaint (account) WHERE "account" IS NOT NULL;
CREATE INDEX complaint_contact ON complaint (contact) WHERE "contact" IS NOT NULL;
CREATE INDEX complaint_handler ON complaint (handler) WHERE "handler" IS NOT NULL;
CREATE INDEX complaint_order ON complaint ("order") WHERE "order" IS NOT NULL;
CREATE INDEX complaint_product ON complaint (product) WHERE "product" IS NOT NULL;
CREATE INDEX complaint_repeat_of ON complaint (repeat_of) WHERE "repeat_of" IS NOT NULL;
CREATE INDEX complaint_root ON complaint (root) WHERE root IS NOT NULL;
CREATE INDEX complaint_sorted ON complaint ("received_at", rid) WHERE deleted = 0;
CREATE INDEX complaint_supervisor ON complaint (supervisor) WHERE "supervisor" IS NOT NULL;
CREATE TABLE complaint_event (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    complaint BLOB,
    at TEXT,
    from_state TEXT,
    to_state TEXT,
    reason TEXT,
    comment TEXT,
    customer_visible INTEGER,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX complaint_event_complaint ON complaint_event (complaint) WHERE "complaint" IS NOT NULL;
CREATE INDEX complaint_event_root ON complaint_event (root) WHERE root IS NOT NULL;
CREATE INDEX complaint_event_sorted ON complaint_event ("at", rid) WHERE deleted = 0;
CREATE TABLE "conflict" (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    record TEXT,
    field TEXT,
    why TEXT,
    base TEXT,
    parked TEXT,
    state TEXT,
    resolution TEXT,
    resolved_by BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX conflict_record ON "conflict" (record) WHERE "record" IS NOT NULL;
CREATE INDEX conflict_root ON "conflict" (root) WHERE root IS NOT NULL;
CREATE INDEX conflict_sorted ON "conflict" ("field" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE contact (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    full_name TEXT,
    family_name TEXT,
    given_name TEXT,
    salutation TEXT,
    title TEXT,
    department TEXT,
    mobile TEXT,
    phone TEXT,
    email TEXT,
    wechat TEXT,
    birthday TEXT,
    birthday_lunar INTEGER,
    preferences TEXT,
    preferred_channel TEXT,
    opt_outs TEXT,
    active INTEGER,
    left_on TEXT,
    tags TEXT,
    ext_id TEXT,
    ext_source TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX contact_ext_id ON contact (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX contact_root ON contact (root) WHERE root IS NOT NULL;
CREATE INDEX contact_sorted ON contact ("full_name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE device (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    user BLOB,
    name TEXT,
    os TEXT,
    app_version TEXT,
    revoked_at TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX device_root ON device (root) WHERE root IS NOT NULL;
CREATE INDEX device_sorted ON device ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE draft (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE TABLE extra_root (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    root BLOB NOT NULL,
    PRIMARY KEY (kind, id, root)
)
 WITHOUT ROWID;
CREATE INDEX extra_root_root ON extra_root (root);
CREATE TABLE file (
    hash BLOB NOT NULL,
    size INTEGER DEFAULT '0' NOT NULL,
    state TEXT NOT NULL,
    done INTEGER DEFAULT '0' NOT NULL,
    mine INTEGER DEFAULT '0' NOT NULL,
    code TEXT,
    params TEXT,
    tries INTEGER DEFAULT '0' NOT NULL,
    retry_at TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (hash)
)
 WITHOUT ROWID;
CREATE INDEX file_unsent ON file (state) WHERE mine = 1 AND state <> 'sent';
CREATE TABLE hidden (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, id)
)
 WITHOUT ROWID;
CREATE TABLE interaction (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    contact BLOB,
    subject TEXT,
    medium TEXT,
    direction TEXT,
    at TEXT,
    duration INTEGER,
    who_ours TEXT,
    who_theirs TEXT,
    topics TEXT,
    content TEXT,
    information_exchanged TEXT,
    consensus TEXT,
    next_step_ours TEXT,
    next_step_theirs TEXT,
    cost_time INTEGER,
    cost_money TEXT,
    sentiment TEXT,
    visit BLOB,
    complaint BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX interaction_account ON interaction (account) WHERE "account" IS NOT NULL;
CREATE INDEX interaction_complaint ON interaction (complaint) WHERE "complaint" IS NOT NULL;
CREATE INDEX interaction_contact ON interaction (contact) WHERE "contact" IS NOT NULL;
CREATE INDEX interaction_root ON interaction (root) WHERE root IS NOT NULL;
CREATE INDEX interaction_sorted ON interaction ("at", rid) WHERE deleted = 0;
CREATE INDEX interaction_visit ON interaction (visit) WHERE "visit" IS NOT NULL;
CREATE TABLE meta (
    name TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE op (
    rid INTEGER NOT NULL,
    cs INTEGER DEFAULT '0' NOT NULL,
    i INTEGER DEFAULT '0' NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    op TEXT NOT NULL,
    new TEXT NOT NULL,
    old TEXT NOT NULL,
    local TEXT,
    base_seq INTEGER DEFAULT '0' NOT NULL,
    "after" TEXT,
    parked TEXT,
    refused TEXT,
    PRIMARY KEY (rid)
);
CREATE INDEX op_changeset ON op (cs, i);
CREATE INDEX op_record ON op (kind, id);
CREATE INDEX op_refused ON op (cs) WHERE refused IS NOT NULL;
CREATE TABLE "order" (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    number TEXT,
    ordered_on TEXT,
    required_on TEXT,
    shipped_on TEXT,
    sold_by BLOB,
    total TEXT,
    freight TEXT,
    shipper TEXT,
    ship_name TEXT,
    ship_city TEXT,
    ship_country TEXT,
    ext_id TEXT,
    ext_source TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX order_account ON "order" (account, deleted, ordered_on, total) WHERE "account" IS NOT NULL;
CREATE INDEX order_ext_id ON "order" (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX order_root ON "order" (root) WHERE root IS NOT NULL;
CREATE INDEX order_sorted ON "order" ("ordered_on", rid) WHERE deleted = 0;
CREATE TABLE order_line (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    "order" BLOB,
    product BLOB,
    product_name TEXT,
    quantity TEXT,
    unit_price TEXT,
    discount TEXT,
    amount TEXT,
    ext_id TEXT,
    ext_source TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX order_line_ext_id ON order_line (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX order_line_order ON order_line ("order") WHERE "order" IS NOT NULL;
CREATE INDEX order_line_product ON order_line (product) WHERE "product" IS NOT NULL;
CREATE INDEX order_line_root ON order_line (root) WHERE root IS NOT NULL;
CREATE INDEX order_line_sorted ON order_line ("product_name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE orphan (
    n INTEGER NOT NULL,
    cs INTEGER DEFAULT '0' NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    title TEXT NOT NULL,
    base TEXT,
    mine TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (n)
);
CREATE TABLE pinned (
    id BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE "plan" (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    title TEXT,
    account BLOB,
    owner BLOB,
    period TEXT,
    starts_on TEXT,
    ends_on TEXT,
    state TEXT,
    version INTEGER,
    previous BLOB,
    relationship TEXT,
    vision TEXT,
    priorities TEXT,
    challenges TEXT,
    trends TEXT,
    value_proposition TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX plan_account ON "plan" (account) WHERE "account" IS NOT NULL;
CREATE INDEX plan_owner ON "plan" (owner) WHERE "owner" IS NOT NULL;
CREATE INDEX plan_previous ON "plan" (previous) WHERE "previous" IS NOT NULL;
CREATE INDEX plan_root ON "plan" (root) WHERE root IS NOT NULL;
CREATE INDEX plan_sorted ON "plan" ("title" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE plan_action (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    "plan" BLOB,
    objective BLOB,
    title TEXT,
    owner BLOB,
    customer_owner BLOB,
    due_on TEXT,
    done_on TEXT,
    status TEXT,
    reason TEXT,
    cost TEXT,
    position TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX plan_action_customer_owner ON plan_action (customer_owner) WHERE "customer_owner" IS NOT NULL;
CREATE INDEX plan_action_objective ON plan_action (objective) WHERE "objective" IS NOT NULL;
CREATE INDEX plan_action_owner ON plan_action (owner) WHERE "owner" IS NOT NULL;
CREATE INDEX plan_action_plan ON plan_action ("plan") WHERE "plan" IS NOT NULL;
CREATE INDEX plan_action_root ON plan_action (root) WHERE root IS NOT NULL;
CREATE INDEX plan_action_sorted ON plan_action ("due_on", rid) WHERE deleted = 0;
CREATE TABLE plan_objective (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    "plan" BLOB,
    text TEXT,
    owner BLOB,
    start_on TEXT,
    due_on TEXT,
    status TEXT,
    reason TEXT,
    category TEXT,
    measure TEXT,
    position TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX plan_objective_owner ON plan_objective (owner) WHERE "owner" IS NOT NULL;
CREATE INDEX plan_objective_plan ON plan_objective ("plan") WHERE "plan" IS NOT NULL;
CREATE INDEX plan_objective_root ON plan_objective (root) WHERE root IS NOT NULL;
CREATE INDEX plan_objective_sorted ON plan_objective ("position", rid) WHERE deleted = 0;
CREATE TABLE plan_section_item (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    "plan" BLOB,
    box TEXT,
    text TEXT,
    weight INTEGER,
    evidence TEXT,
    position TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX plan_section_item_evidence ON plan_section_item (evidence) WHERE "evidence" IS NOT NULL;
CREATE INDEX plan_section_item_plan ON plan_section_item ("plan") WHERE "plan" IS NOT NULL;
CREATE INDEX plan_section_item_root ON plan_section_item (root) WHERE root IS NOT NULL;
CREATE INDEX plan_section_item_sorted ON plan_section_item ("position", rid) WHERE deleted = 0;
CREATE TABLE product (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    code TEXT,
    category TEXT,
    supplier TEXT,
    unit TEXT,
    price TEXT,
    discontinued INTEGER,
    ext_id TEXT,
    ext_source TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX product_code ON product (code) WHERE "code" IS NOT NULL;
CREATE INDEX product_ext_id ON product (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX product_sorted ON product ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE quarantine (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    item TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    tries INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE TABLE reminded (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    mark TEXT NOT NULL,
    until TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, id, mark)
)
 WITHOUT ROWID;
CREATE TABLE role (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    code TEXT,
    name TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX role_sorted ON role ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE role_permission (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    role TEXT,
    entity TEXT,
    action TEXT,
    level TEXT,
    masked TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX role_permission_sorted ON role_permission ("role" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE root (
    id BLOB NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE salvage (
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    title TEXT NOT NULL,
    body TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (n)
);
CREATE TABLE saved_view (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    entity TEXT,
    shared INTEGER,
    columns TEXT,
    filter TEXT,
    sort TEXT,
    position TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX saved_view_root ON saved_view (root) WHERE root IS NOT NULL;
CREATE INDEX saved_view_sorted ON saved_view ("position", rid) WHERE deleted = 0;
CREATE TABLE search_dirty (
    kind TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (kind, rid)
)
 WITHOUT ROWID;
CREATE TABLE search_kind (
    kind TEXT NOT NULL,
    n INTEGER DEFAULT '0' NOT NULL,
    "indexed" INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (kind)
);
CREATE TABLE shadow (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    deleted INTEGER DEFAULT '0' NOT NULL,
    body TEXT,
    PRIMARY KEY (kind, id)
)
 WITHOUT ROWID;
CREATE TABLE stub (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (kind, id)
)
 WITHOUT ROWID;
CREATE TABLE sync_state (
    one INTEGER NOT NULL,
    epoch TEXT DEFAULT '' NOT NULL,
    cursor INTEGER DEFAULT '0' NOT NULL,
    resume TEXT DEFAULT '' NOT NULL,
    resume_hi INTEGER DEFAULT '0' NOT NULL,
    pull_open INTEGER DEFAULT '0' NOT NULL,
    scope_gen INTEGER DEFAULT '0' NOT NULL,
    verified_at TEXT DEFAULT '' NOT NULL,
    verified_cursor INTEGER DEFAULT '0' NOT NULL,
    seq_known INTEGER DEFAULT '0' NOT NULL,
    schema INTEGER DEFAULT '0' NOT NULL,
    reconcile INTEGER DEFAULT '0' NOT NULL,
    count INTEGER DEFAULT '0' NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (one)
);
CREATE TABLE tag (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    colour TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX tag_sorted ON tag ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE task (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    title TEXT,
    account BLOB,
    parent TEXT,
    status TEXT,
    priority TEXT,
    due_on TEXT,
    recurrence TEXT,
    remind_at TEXT,
    reminders TEXT,
    assignee BLOB,
    watchers TEXT,
    description TEXT,
    supervisor BLOB,
    supervised_until TEXT,
    supervision_reply TEXT,
    series BLOB,
    recurs_on TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX task_account ON task (account) WHERE "account" IS NOT NULL;
CREATE INDEX task_assignee ON task (assignee) WHERE "assignee" IS NOT NULL;
CREATE INDEX task_parent ON task (parent) WHERE "parent" IS NOT NULL;
CREATE INDEX task_root ON task (root) WHERE root IS NOT NULL;
CREATE INDEX task_series ON task (series) WHERE "series" IS NOT NULL;
CREATE INDEX task_sorted ON task ("due_on", rid) WHERE deleted = 0;
CREATE INDEX task_supervisor ON task (supervisor) WHERE "supervisor" IS NOT NULL;
CREATE TABLE team (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    lead BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX team_sorted ON team ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE territory (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    name TEXT,
    code TEXT,
    parent BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX territory_sorted ON territory ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE unknown_kind (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    roots TEXT,
    body TEXT,
    PRIMARY KEY (kind, id)
);
CREATE TABLE user (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    login TEXT,
    name TEXT,
    email TEXT,
    phone TEXT,
    role TEXT,
    team BLOB,
    territory BLOB,
    manager BLOB,
    locale TEXT,
    active INTEGER,
    ext_id TEXT,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX user_ext_id ON user (ext_id) WHERE "ext_id" IS NOT NULL;
CREATE INDEX user_login ON user (login) WHERE "login" IS NOT NULL;
CREATE INDEX user_sorted ON user ("name" COLLATE NOCASE, rid) WHERE deleted = 0;
CREATE TABLE visit (
    rid INTEGER NOT NULL,
    id BLOB NOT NULL,
    seq INTEGER DEFAULT '0' NOT NULL,
    root BLOB,
    deleted INTEGER DEFAULT '0' NOT NULL,
    extra TEXT,
    account BLOB,
    number TEXT,
    provisional_number TEXT,
    state TEXT,
    type TEXT,
    owner BLOB,
    planned_start TEXT,
    planned_end TEXT,
    reminders TEXT,
    actual_start TEXT,
    actual_end TEXT,
    contacts TEXT,
    participants TEXT,
    site_address BLOB,
    purpose TEXT,
    objectives TEXT,
    preparation TEXT,
    outcome TEXT,
    result TEXT,
    next_step TEXT,
    reason TEXT,
    cost TEXT,
    "plan" BLOB,
    created_at TEXT,
    created_by BLOB,
    updated_at TEXT,
    updated_by BLOB,
    PRIMARY KEY (rid),
    UNIQUE (id)
);
CREATE INDEX visit_account ON visit (account, deleted, state, type, planned_start, actual_start) WHERE "account" IS NOT NULL;
CREATE INDEX visit_owner ON visit (owner) WHERE "owner" IS NOT NULL;
CREATE INDEX visit_plan ON visit ("plan") WHERE "plan" IS NOT NULL;
CREATE INDEX visit_root ON visit (root) WHERE root IS NOT NULL;
CREATE INDEX visit_site_address ON visit (site_address) WHERE "site_address" IS NOT NULL;
CREATE INDEX visit_sorted ON visit ("planned_start", rid) WHERE deleted = 0;
CREATE TABLE visited (
    kind TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (kind, id)
)
 WITHOUT ROWID;
CREATE VIRTUAL TABLE find_text USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='trigram case_sensitive 1');
CREATE VIRTUAL TABLE find_word USING fts5(words, content='', contentless_delete=1, detail='none', prefix='1 2', tokenize='ascii');
CREATE VIRTUAL TABLE find_pinyin USING fts5(words, content='', contentless_delete=1, detail='none', prefix='1 2 3', tokenize='ascii');
"""
