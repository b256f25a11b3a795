/** A week in figures and suggestions, as Slack gets it on Mondays. Above: app. Below: api. */
import { useState } from "preact/hooks";
import { fill } from "../i18n";
import { day, number } from "../time";
import type { Week } from "../types";
import { say, useHouse, useLoad } from "./context";
import { Bars } from "./plots";

const DAY = 86_400_000;

/** The ISO week in which this moment is (`2026-W07`), in UTC. */
function weekOf(at: number): string {
  const date = new Date(at);
  const thursday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 4 - (date.getUTCDay() || 7)));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const number = Math.ceil(((thursday.getTime() - first) / DAY + 1) / 7);
  return `${thursday.getUTCFullYear()}-W${String(number).padStart(2, "0")}`;
}

/** When it begins: Monday of the week in which the fourth of January is, and so many weeks more. */
function beginOf(week: string): number {
  const [year, count] = week.split("-W").map(Number) as [number, number];
  const fourth = new Date(Date.UTC(year, 0, 4));
  return fourth.getTime() + ((count - 1) * 7 - ((fourth.getUTCDay() || 7) - 1)) * DAY;
}

export function Report() {
  const { store, w, language } = useHouse();
  const [week, setWeek] = useState(() => weekOf(Date.now() - 7 * DAY));
  const { got, failed, again } = useLoad(() => store.api.get<Week>("/reports/weekly", { week }), [week]);
  const shown = got?.week === week ? got : null;
  const move = (days: number): void => setWeek((from) => weekOf(beginOf(from) + days * DAY));
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head">
        <h1>{w.report}</h1>
        <div class="spans" role="group" aria-label={w.period}>
          <button class="small" aria-label={w.earlier} onClick={() => move(-7)}>‹</button>
          <b class="week" aria-live="polite">{week}</b>
          <button class="small" aria-label={w.later} disabled={week >= weekOf(Date.now())} onClick={() => move(7)}>›</button>
        </div>
      </header>
      <p><a href="#/stats">{w.stats}</a></p>
      {failed ? <button onClick={again}>{w.retry}</button> : !shown ? <p class="empty">{w.loading}</p> : (
        <>
          <p class="dim">{day(shown.since, language)} – {day(new Date(Date.parse(shown.until) - 1).toISOString(), language)}</p>
          <Figures week={shown} />
          <div class="plots">
            <Bars title={w.byReason} data={Object.entries(shown.reasons).map(([reason, count]) => [say(w, reason), count])} />
            <Bars title={w.gaps} data={shown.gaps.map((gap) => [gap.title, gap.count])} />
            <Bars title={w.drafts} data={shown.drafts.map((one) => [`${one.intent} · ${number(one.share * 100, language)} %`, one.n])} />
          </div>
          <h2>{w.suggestions}</h2>
          {shown.suggestions.length === 0 ? <p class="empty">{w.noSuggestions}</p> : (
            <ul class="list">
              {shown.suggestions.map((one) => <li key={one.text}><span dir="auto">{one.text}</span><a href={one.kind === "autonomy" ? "#/autonomy" : "#/knowledge"}>{one.kind === "autonomy" ? w.autonomy : w.knowledge}</a></li>)}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

function Figures({ week }: { week: Week }) {
  const { w, language } = useHouse();
  const names: [string, string][] = [
    ["conversations", w.conversations], ["messages", w.messagesOver], ["resolved", say(w, "resolved")], ["resolved_by_ai", w.byAi],
    ["cases", w.escalated], ["escalated_share", w.escalationShare], ["drafts", w.drafts], ["drafts_used_share", w.draftsUsed],
    ["satisfied_share", w.satisfaction], ["cost", w.costTotal],
  ];
  const figure = (name: string, value: number): string =>
    name.endsWith("_share") ? `${number(value * 100, language)} %` : number(value, language, name === "cost" ? 2 : 0);
  return (
    <dl class="figures">
      {names.filter(([name]) => week.figures[name] !== undefined).map(([name, label]) => {
        const before = week.previous[name];
        return (
          <div key={name}>
            <dt>{label}{before === undefined ? null : <span class="before">{fill(w.weekBefore, { value: figure(name, before) })}</span>}</dt>
            <dd>{figure(name, week.figures[name] ?? 0)}</dd>
          </div>
        );
      })}
    </dl>
  );
}
