/** Who answers which intent, how its drafts fared, and what changed that. Above: app. Below: api. */
import { useState } from "preact/hooks";
import { fill } from "../i18n";
import { clock, day, number } from "../time";
import type { Change, Measures, Mode, WhoAnswers } from "../types";
import { say, useAttempt, useHouse, useLoad } from "./context";
import { Dialog } from "./dialog";

interface Wanted {
  intent: string;
  mode: Mode;
  why: string;
}

export function Autonomy() {
  const { store, w, language } = useHouse();
  const attempt = useAttempt();
  const [asking, ask] = useState<Wanted | null>(null);
  const { got, failed, again } = useLoad(async () => {
    const [now, measures] = await Promise.all([store.api.get<WhoAnswers>("/autonomy", { limit: 100 }), store.api.get<Measures>("/drafts")]);
    return { now, measures };
  }, []);
  const act = async (path: string, body: object): Promise<boolean> => {
    const done = await attempt(() => store.api.post<Change>(path, body));
    if (done) again();
    return done !== null;
  };
  const set = (form: FormData): Promise<boolean> =>
    act("/autonomy", { intent: String(form.get("intent")).trim(), mode: form.get("mode"), why: String(form.get("why")).trim() });
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head"><h1>{w.autonomy}</h1><button onClick={() => ask({ intent: "", mode: "draft", why: "" })}>{w.changeMode}</button></header>
      <p><a href="#/specialists">{w.specialists}</a></p>
      {failed ? <button onClick={again}>{w.retry}</button> : !got ? <p class="empty">{w.loading}</p> : (
        <>
          <p class="dim">{fill(w.byDefault, { mode: say(w, got.now.default) })}</p>
          <Intents now={got.now} measures={got.measures} onAsk={(intent, mode) => ask({ intent, mode, why: "" })} />
          <h2>{w.changes}</h2>
          {got.now.changes.length === 0 ? <p class="empty">{w.noChanges}</p> : null}
          <ul class="list">
            {got.now.changes.map((one) => (
              <li key={one.id}>
                <b>{one.intent}</b>
                <span class="line"><span class="tag">{say(w, one.before)} → {say(w, one.after)}</span><span class={one.status === "suggested" ? "tag high" : "tag"}>{say(w, one.status)}</span><span class="dim">{[one.decided_by ?? one.made_by, `${day(one.at, language)}, ${clock(one.at, language)}`].join(" · ")}</span></span>
                {one.why ? <p dir="auto">{one.why}</p> : null}
                {one.status === "suggested" ? (
                  <div class="acts"><button class="small primary" onClick={() => void act(`/autonomy/changes/${one.id}/apply`, {})}>{w.apply}</button><button class="small" onClick={() => void act(`/autonomy/changes/${one.id}/dismiss`, {})}>{w.dismiss}</button></div>
                ) : one.id === last(got.now, one.intent) ? (
                  <div class="acts"><button class="small" onClick={() => ask({ intent: one.intent, mode: one.before, why: fill(w.reverts, { why: one.why || say(w, one.after) }) })}>{w.revert}</button></div>
                ) : null}
              </li>
            ))}
          </ul>
        </>
      )}
      {asking ? (
        <Dialog title={w.changeMode} yes={w.save} onClose={() => ask(null)} onYes={set}>
          <label>{w.intent}<input name="intent" required maxLength={90} autoComplete="off" placeholder="billing.refund" defaultValue={asking.intent} /></label>
          <label>{w.autonomy}<select name="mode">{(["auto", "draft"] as const).map((one) => <option key={one} value={one} selected={one === asking.mode}>{say(w, one)}</option>)}</select></label>
          <label>{w.whyChange}<textarea name="why" rows={2} maxLength={500} defaultValue={asking.why} /></label>
        </Dialog>
      ) : null}
    </section>
  );
}

/** Every intent that has drafts or a mode of its own. */
function Intents({ now, measures, onAsk }: { now: WhoAnswers; measures: Measures; onAsk: (intent: string, mode: Mode) => void }) {
  const { w, language } = useHouse();
  const names = [...new Set([...measures.intents.map((one) => one.intent), ...Object.keys(now.modes)])];
  if (names.length === 0) return <p class="empty">{w.noDrafts}</p>;
  return (
    <ul class="list">
      {names.map((intent) => {
        const found = measures.intents.find((one) => one.intent === intent);
        const mode = now.modes[intent] ?? now.default;
        const { total } = found ?? {};
        const told = total?.n
          ? [[w.drafts, total.n], [w.used, total.used], [w.edited, total.edited], [w.draftDiscarded, total.discarded], [w.ignored, total.ignored]] as const
          : [];
        return (
          <li key={intent}>
            <b>{intent}</b>
            <span class="line"><span class={`tag ${mode === "draft" ? "high" : ""}`}>{say(w, mode)}</span><span class="dim">{told.map(([name, count]) => `${name} ${number(count, language)}`).join(" · ")}</span></span>
            <div class="acts"><button class="small" onClick={() => onAsk(intent, mode === "auto" ? "draft" : "auto")}>{mode === "auto" ? w.demote : w.promote}</button></div>
          </li>
        );
      })}
    </ul>
  );
}

/** The change that counts for an intent now, if there is one. */
const last = (now: WhoAnswers, intent: string): string | undefined =>
  now.changes.find((one) => one.intent === intent && one.status === "applied")?.id;
