/** Shapes of what the gateway tells. Above: everything. Below: nothing. */
export type Owner = "ai" | "human" | "nobody";

export interface Author {
  role: "customer" | "ai" | "human_agent" | "system";
  name?: string;
  specialist?: string;
  id?: string;
  avatar?: string;
}

export interface Citation {
  document: string;
  title: string;
  url?: string;
  span: string;
  score: number;
}

export interface Attachment {
  id?: string;
  name: string;
  media_type: string;
  size: number;
  url?: string;
}

export interface Entry {
  seq: number;
  id: string;
  at: string;
  kind: "message" | "note" | "control" | "draft";
  author: Author;
  text: string;
  parts?: { type: string; buttons: { label: string; value: string }[] }[];
  attachments?: Attachment[];
  citations?: Citation[];
  in_reply_to?: number;
  edited?: boolean;
  reason?: string;
  action?: string;
  value?: string;
  client_id?: string;
  language?: string;
  original?: string;
  original_language?: string;
}

export interface State {
  owner: Owner;
  specialist: string | null;
  status: string;
}

export interface Case {
  seq: number;
  opened_at: string;
  reason: string;
  rule: string;
  span: string;
  summary: string;
  language: string;
  specialist: string;
  priority: string;
  contact: string | null;
  level: number;
  sentiment: string;
  moods: string[];
  trend: string;
  intent: string;
  tried: { what: string; result: string }[];
  facts: string[];
  promises: string[];
  pending: string | null;
  suggestion: { text: string; score: number; sources: { document: string; title: string; url?: string | null }[] } | null;
  reply_due: string | null;
}

/** How a case stands, as the gateway folds it from the log. */
export interface Standing {
  seq: number;
  reason?: string;
  priority?: string;
  holder?: string;
  assignee?: string;
  snoozed_until?: string;
  first_reply_at?: string;
  waiting_since?: string;
  all_notes?: boolean;
  promises?: { at: string; text: string; by?: string }[];
}

export interface Clock {
  due: string | null;
  state: "none" | "met" | "missed" | "runs" | "soon" | "broken" | "paused";
}

export interface Person {
  id: string;
  name: string;
  languages: string[];
  until: string;
}

export interface Ticket {
  id: string;
  status: string;
  priority: string;
  subject: string;
  body: string;
  tags: string[];
  assignee: string | null;
  conversation: string | null;
  conversations: string[];
  contact: string | null;
  links: { kind: string; ticket: string }[];
  duplicate_of: string | null;
  sla: { first_reply: Clock; resolution: Clock } | null;
  created_at: string;
  updated_at: string;
  history: Deed[];
}

/** Something that happened to a ticket. */
export interface Deed {
  at: string;
  by: string;
  side: string;
  kind: string;
  internal: boolean;
  note: string;
  changes: { field: string; before: unknown; after: unknown }[];
}

export interface Times {
  count: number;
  mean_seconds: number | null;
  p50_seconds: number | null;
  p95_seconds: number | null;
}

export interface Hour {
  at: string;
  conversations: number;
  customer: number;
  ai: number;
  human_agent: number;
  cases: number;
  turns: number;
  tokens: number;
  cost: number;
}

export interface Statistics {
  from: string;
  to: string;
  volumes: { conversations: number; messages: Record<string, number>; turns: number; cases: number; closed: number; acts: Record<string, number> };
  channels: Record<string, number>;
  languages: Record<string, number>;
  intents: Record<string, number>;
  resolution: { confirmed: number; assumed: number; open: number; by_people: number; by_ai: number; escalated_share: number };
  escalation_reasons: Record<string, number>;
  first_reply: Times;
  first_human_reply: Times;
  resolution_time: Times;
  tokens: number;
  cost: number;
  csat: { count: number; mean: number | null; positive_share: number | null; scores: Record<string, number> };
  drafts: { n: number; used: number; edited: number; discarded: number; ignored: number; open: number; share: number };
  specialists: { name: string; turns: number; mean_seconds: number; escalated: number; tokens: number; cost: number }[];
  errors: { failed: number; without_model: number; by_kind: Record<string, number> };
  hours: Hour[];
}

/** What is to come, with how far off such forecasts were; or why there is none. */
export interface Forecast {
  method: "model" | "seasonal_naive" | null;
  better_than_naive: boolean | null;
  hours: { at: string; expected: number; low: number; high: number }[];
  errors: { folds: number; mae: number; naive_mae: number; coverage: number } | null;
  refused: { code: "too_short" | "too_little"; reason: string } | null;
}

/** An answer of a person that may become an article. */
export interface Proposal {
  id: string;
  question: string;
  answer: string;
  language: string;
  status: string;
  proposed_by: string;
  conversation: string | null;
}

export interface Conversation extends State {
  id: string;
  channel: string | null;
  contact: string | null;
  language: string | null;
  sentiment: string | null;
  priority: string | null;
  summary: string | null;
  ticket: string | null;
  entries: number;
  tokens_used: number;
  cost: number;
  created_at: string;
  updated_at: string;
  case?: Case | null;
  customer?: string | null;
  waiting?: boolean;
  waiting_since?: string | null;
  holder?: string | null;
  snoozed_until?: string | null;
  reason?: string | null;
  clocks?: { first_reply: Clock; resolution: Clock };
}

export interface Receipt {
  triage: Record<string, unknown> | null;
  path: { specialist: string; by: string; brief?: string }[];
  passages: { id: string; document: string; title: string; heading?: string; language: string; score: number; similarity: number; span: string }[];
  tools: { name: string; arguments: Record<string, unknown>; result: string; ok: boolean; milliseconds: number }[];
  checks: { name: string; passed: boolean }[];
  escalation: { verdict: string; reason: string; rule: string; span: string };
  outcome: string;
  source: string | null;
  model: string | null;
  fallback: string | null;
  calls: number;
  tokens: { in: number; out: number };
  cost: number;
  milliseconds: number;
  stages: Record<string, number>;
  attempts: number;
  case?: Case;
}

export interface Approval {
  id: string;
  status: string;
  conversation: string;
  contact: string | null;
  level: number;
  tool: string;
  arguments: Record<string, unknown>;
  facts: Record<string, string>;
  asked_at: string;
  decided_by: string | null;
}

export interface Gap {
  title: string;
  count: number;
  kind: "missing" | "failing";
  nearest: { title?: string } | null;
  languages: Record<string, number>;
  examples: string[];
  conversations: string[];
}

export interface Specialist {
  name: string;
  description: string;
  status: string;
  active_turns: number;
  turns_last_hour: number;
  mean_seconds: number;
  p95_seconds: number;
  escalation_share: number;
  languages: string[];
  tools: string[];
}

export interface Passage {
  id: string;
  document: string;
  title: string;
  heading?: string | null;
  url?: string | null;
  language?: string;
  text?: string;
  span?: string;
  score: number;
}

export type Mode = "auto" | "draft";

export interface DraftTally {
  n: number;
  used: number;
  edited: number;
  discarded: number;
  ignored: number;
  share: number;
}

/** How the drafts of the last weeks fared, by intent. */
export interface Measures {
  days: number;
  intents: { intent: string; mode: Mode; open: number; total: DraftTally }[];
}

/** A change of who answers an intent, or the suggestion of one. */
export interface Change {
  id: string;
  intent: string;
  before: Mode;
  after: Mode;
  status: "suggested" | "applied" | "dismissed";
  made_by: string;
  at: string;
  why: string;
  decided_by: string | null;
}

export interface WhoAnswers {
  default: Mode;
  modes: Record<string, Mode>;
  changes: Change[];
}

/** A week; `previous` holds the same figures of the week before. */
export interface Week {
  week: string;
  since: string;
  until: string;
  figures: Record<string, number>;
  previous: Record<string, number>;
  reasons: Record<string, number>;
  gaps: { title: string; count: number; example: string }[];
  drafts: (DraftTally & { intent: string })[];
  suggestions: { kind: string; text: string; id: string | null }[];
}

export interface Way {
  id: string;
  channel: string;
  account: string;
  value: string;
  level: number;
}

export interface Contact {
  id: string;
  name: string | null;
  language: string | null;
  email: string | null;
  notes: string | null;
  attributes: Record<string, string | number | boolean>;
  updated_at: string;
  merged_into: string | null;
  identities?: Way[];
}

/** Two contacts that are one person: proposed, done or undone. */
export interface Joined {
  id: string;
  kept: string;
  gone: string;
  state: string;
  reason: string | null;
  by: string | null;
  at: string;
}

/** What a merge would do. */
export interface Preview {
  kept: string;
  gone: string;
  identities: Way[];
  conversations: number;
  fields: string[];
  by_evidence: boolean;
}
