/** Acts that wait for a yes, with exactly what would be called. Above: app. Below: api. */
import { useState } from "preact/hooks";
import { Problem } from "../api";
import { fill } from "../i18n";
import { ago } from "../time";
import type { Approval } from "../types";
import { useHouse, useLoad, useNow } from "./context";

export function Approvals() {
  const { store, w } = useHouse();
  const { got, failed, again } = useLoad(() => store.api.get<{ approvals: Approval[] }>("/approvals"), []);
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <h1>{w.approvals}</h1>
      <p class="dim">{w.exactly}</p>
      {failed ? <button onClick={again}>{w.retry}</button> : !got ? <p class="empty">{w.loading}</p> : null}
      {got?.approvals.length === 0 ? <p class="empty">{w.noApprovals}</p> : null}
      {got?.approvals.map((one) => <One key={one.id} approval={one} />)}
    </section>
  );
}

function One({ approval }: { approval: Approval }) {
  const { store, w } = useHouse();
  const now = useNow(20);
  const [done, setDone] = useState("");
  const [busy, setBusy] = useState(false);
  const levels = [w.level0, w.level1, w.level2, w.level3];
  const decide = async (decision: "approve" | "reject", form: HTMLFormElement): Promise<void> => {
    const comment = String(new FormData(form).get("comment")).trim();
    setBusy(true);
    try {
      const decided = await store.api.post<Approval>(`/approvals/${approval.id}`, { decision, ...(comment ? { comment } : {}) });
      setDone(decided.status === "rejected" ? w.rejected : w.approved);
    } catch (error) {
      setBusy(false);
      setDone(fill(w.notDone, { why: error instanceof Problem ? error.message : "" }));
    }
  };
  return (
    <form class="panel approval" onSubmit={(event) => event.preventDefault()}>
      <header><h2><code>{approval.tool}</code></h2><span class="dim">{fill(w.askedAt, { time: ago(approval.asked_at, now) })}</span></header>
      <dl class="args">{Object.entries(approval.arguments).map(([name, value]) => <div><dt>{name}</dt><dd><code>{typeof value === "string" ? value : JSON.stringify(value)}</code></dd></div>)}</dl>
      <p class="dim">{[approval.contact ?? w.unknown, `${w.level}: ${levels[approval.level] ?? approval.level}`, ...Object.entries(approval.facts).map(([name, value]) => `${name}: ${value}`)].join(" · ")}</p>
      <a href={`#/c/${approval.conversation}`}>{w.openConversation}</a>
      <label>{w.comment}<input name="comment" maxLength={500} /></label>
      <div class="acts">
        <button class="primary" disabled={busy} onClick={(event) => void decide("approve", event.currentTarget.form as HTMLFormElement)}>{w.approve}</button>
        <button class="danger" disabled={busy} onClick={(event) => void decide("reject", event.currentTarget.form as HTMLFormElement)}>{w.reject}</button>
        <span role="status">{done}</span>
      </div>
    </form>
  );
}
