/** Why an answer came about, from the receipt of its turn; and the way to say that it was wrong. */
import { useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import { turnOf, type Opened } from "../store";
import { number } from "../time";
import type { Receipt, Specialist } from "../types";
import { say, useHouse, useLoad } from "./context";
import { Icon } from "./icons";
import { Stages } from "./plots";

interface Near {
  text?: string;
  intent?: string;
  specialist?: string;
  score?: number;
  similarity?: number;
}

export function Why({ opened, seq, onClose }: { opened: Opened; seq: number; onClose: () => void }) {
  const { store, w } = useHouse();
  const { got, failed } = useLoad(async () => ({ turn: await turnOf(store.api, opened.id, opened.entries, seq) }), [opened.id, seq]);
  const turn = got?.turn;
  return (
    <aside class="side why" aria-label={w.whyTitle}>
      <header><h2>{w.whyTitle}</h2><button class="quiet icon-only" aria-label={w.close} onClick={onClose}><Icon name="close" /></button></header>
      {!got && !failed ? <p class="empty">{w.loading}</p> : null}
      {failed || (got && !turn) ? <p class="empty">{w.noReceipt}</p> : null}
      {turn ? <Story turn={turn} /> : null}
      {turn && store.has("POST /triage/corrections") ? <Correction opened={opened} turn={turn} seq={seq} /> : null}
    </aside>
  );
}

function Story({ turn }: { turn: Receipt }) {
  const { w, language } = useHouse();
  const triage = turn.triage ?? {};
  const score = (value: unknown): string => (typeof value === "number" ? number(value, language, 2) : "");
  const near = (Array.isArray(triage["evidence"]) ? triage["evidence"] : []) as Near[];
  return (
    <>
      <section>
        <h3>{w.route}</h3>
        <ol class="path">{turn.path.map((step) => <li><b>{step.specialist}</b> <span class="dim">{say(w, step.by)}{step.brief ? `: ${step.brief}` : ""}</span></li>)}</ol>
        {turn.triage ? (
          <dl>
            <div><dt>{w.triage}</dt><dd>{String(triage["intent"] ?? "")} <span class="dim">{w.score} {score(triage["score"])}</span></dd></div>
            <div><dt>{w.priority}</dt><dd>{say(w, String(triage["priority"] ?? ""))}</dd></div>
            <div><dt>{w.mood}</dt><dd>{say(w, String(triage["sentiment"] ?? ""))}</dd></div>
            <div><dt>{w.outcome}</dt><dd>{say(w, turn.outcome)}{turn.escalation.reason ? ` · ${say(w, turn.escalation.reason)}` : ""}</dd></div>
          </dl>
        ) : null}
        {near.length ? <details><summary>{w.evidence}</summary><ul>{near.slice(0, 5).map((one) => <li dir="auto">{one.text ?? one.intent ?? one.specialist} <span class="dim">{score(one.similarity ?? one.score)}</span></li>)}</ul></details> : null}
      </section>
      <section>
        <h3>{w.time}</h3>
        <Stages stages={turn.stages} total={turn.milliseconds} />
        <dl>
          <div><dt>{w.model}</dt><dd>{turn.model ?? w.noModel}{turn.fallback ? <span class="bad"> {turn.fallback}</span> : null}</dd></div>
          {turn.model ? <div><dt>{w.tokens}</dt><dd>{number(turn.tokens.in, language)} + {number(turn.tokens.out, language)}</dd></div> : null}
          {turn.cost ? <div><dt>{w.cost}</dt><dd>{number(turn.cost, language, 5)}</dd></div> : null}
        </dl>
      </section>
      {turn.passages.length ? (
        <section>
          <h3>{w.passages}</h3>
          {turn.passages.map((one, index) => (
            <details class="passage" open={index === 0}>
              <summary><meter min={0} max={1} value={one.score} aria-label={w.score} />{one.title}{one.heading && one.heading !== one.title ? <span class="dim"> · {one.heading}</span> : null}<span class="dim"> {score(one.score)}</span></summary>
              <blockquote dir="auto">{one.span}</blockquote>
            </details>
          ))}
        </section>
      ) : null}
      {turn.tools.length ? (
        <section>
          <h3>{w.tools}</h3>
          {turn.tools.map((one) => (
            <details class="tool">
              <summary><b class={one.ok ? "good" : "bad"}>{one.ok ? "✓" : "✕"}</b> <code>{one.name}</code> <span class="dim">{number(one.milliseconds, language)} ms</span></summary>
              <h4>{w.arguments}</h4><pre>{JSON.stringify(one.arguments, null, 2)}</pre>
              <h4>{w.result}</h4><pre>{one.result}</pre>
            </details>
          ))}
        </section>
      ) : null}
      {turn.checks.length ? (
        <section>
          <h3>{w.checks}</h3>
          <ul class="checks">{turn.checks.map((one) => <li class={one.passed ? "good" : "bad"}>{one.passed ? "✓" : "✕"} {say(w, one.name)}<span class="hidden"> {one.passed ? w.passed : w.failed}</span></li>)}</ul>
        </section>
      ) : null}
    </>
  );
}

function Correction({ opened, turn, seq }: { opened: Opened; turn: Receipt; seq: number }) {
  const { store, w } = useHouse();
  const [state, setState] = useState("");
  const { got } = useLoad(() => store.api.get<{ specialists: Specialist[] }>("/specialists"), []);
  const asked = opened.entries.findLast((entry) => entry.seq < seq && entry.author.role === "customer" && entry.kind === "message");
  const now = turn.path.at(-1)?.specialist;
  const propose = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const comment = String(form.get("comment")).trim();
    const body = { text: asked?.text ?? "", specialist: String(form.get("specialist")), conversation: opened.id, ...(comment ? { comment } : {}) };
    try {
      await store.api.post("/triage/corrections", body);
      setState(w.corrected);
    } catch (error) {
      setState(fill(w.notDone, { why: error instanceof Problem ? error.message : "" }));
    }
  };
  if (!asked || !got?.specialists.length) return null;
  return (
    <section>
      <details>
        <summary>{w.wrongRoute}</summary>
        <form class="stack" onSubmit={propose}>
          <blockquote dir="auto">{asked.text}</blockquote>
          <label>{w.rightSpecialist}
            <select name="specialist">{got.specialists.filter((one) => one.name !== now).map((one) => <option>{one.name}</option>)}</select>
          </label>
          <label>{w.comment}<input name="comment" maxLength={500} /></label>
          <button>{w.correct}</button>
          <p role="status">{state}</p>
        </form>
      </details>
    </section>
  );
}
