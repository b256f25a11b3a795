/** What happened, in plots, as the gateway counts it. Above: app. Below: api, plots. */
import { useState } from "preact/hooks";
import { languageName, number, span } from "../time";
import type { Forecast, Hour, Statistics, Times } from "../types";
import { say, useHouse, useLoad } from "./context";
import { Bars, Columns, Lines, Share } from "./plots";

const SPANS = [1, 7, 30, 90];
const HOUR = 3_600_000;

export function Stats() {
  const { store, w, language } = useHouse();
  const [days, setDays] = useState(7);
  const { got, failed, again } = useLoad(() => {
    const from = new Date(Date.now() - days * 24 * HOUR);
    return store.api.get<Statistics>("/stats", { from: from.toISOString() });
  }, [days]);
  const figure = (value: number | null | undefined, digits = 0): string => (value == null ? "–" : number(value, language, digits));
  const percent = (value: number | null | undefined): string => (value == null ? "–" : `${number(100 * value, language)} %`);
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head">
        <h1>{w.stats}</h1>
        {store.has("GET /reports/weekly") ? <a href="#/report">{w.report}</a> : null}
        <div class="spans" role="group" aria-label={w.period}>
          {SPANS.map((one) => <button key={one} class="small" aria-pressed={days === one} onClick={() => setDays(one)}>{one === 1 ? "24 h" : `${one} d`}</button>)}
        </div>
      </header>
      {failed ? <button onClick={again}>{w.retry}</button> : !got ? <p class="empty">{w.loading}</p> : got.volumes.conversations + got.hours.length === 0 ? <p class="empty">{w.noData}</p> : (
        <>
          <dl class="figures">
            {([
              [w.conversations, figure(got.volumes.conversations)],
              [w.escalationShare, percent(got.resolution.escalated_share)],
              [w.firstReply, length(got.first_reply)],
              [w.firstHuman, length(got.first_human_reply)],
              [w.timeToResolve, length(got.resolution_time)],
              [w.satisfaction, percent(got.csat.positive_share)],
              [w.draftsUsed, got.drafts.n ? percent(got.drafts.share) : "–"],
              [w.tokensTotal, figure(got.tokens)],
              [w.costTotal, figure(got.cost, 2)],
            ] as const).map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}
          </dl>
          <Plots got={got} days={days} />
          <Ahead />
        </>
      )}
    </section>
  );
}

/** What is to come, beside how far off it was; or why nobody can say. */
function Ahead() {
  const { store, w, language } = useHouse();
  const { got } = useLoad(() => store.api.get<Forecast>("/stats/forecast", { hours: 48 }), []);
  if (!got) return null;
  if (got.refused || !got.errors) return <p class="dim">{got.refused?.code === "too_little" ? w.tooLittle : w.tooShort}</p>;
  const names = got.hours.map(({ at }) => new Date(at).toLocaleString(language, { weekday: "short", hour: "2-digit", minute: "2-digit" }));
  const off = (value: number): string => number(value, language, 1);
  return (
    <>
      <div class="plots"><Lines title={w.forecast} names={names} series={[[w.expected, got.hours.map((hour) => hour.expected)], [w.atLeast, got.hours.map((hour) => hour.low)], [w.atMost, got.hours.map((hour) => hour.high)]]} /></div>
      <p class="dim">{(got.better_than_naive ? w.offBy : w.lastWeekBest).replace("{model}", off(got.errors.mae)).replace("{naive}", off(got.errors.naive_mae))}</p>
    </>
  );
}

function Plots({ got, days }: { got: Statistics; days: number }) {
  const { w, language } = useHouse();
  const steps = stepsOf(got, days, language);
  const { resolution, csat, drafts } = got;
  const named = (counts: Record<string, number>, name: (key: string) => string = (key) => say(w, key)): [string, number][] =>
    Object.entries(counts).map(([key, count]) => [name(key), count]);
  const times: [string, Times][] = [[w.firstReply, got.first_reply], [w.firstHuman, got.first_human_reply], [w.timeToResolve, got.resolution_time]];
  return (
    <div class="plots">
      <Columns title={days > 2 ? w.perDay : w.perHour} data={steps.map(([name, hour]) => [name, hour.conversations])} />
      <Lines
        title={w.messagesOver} names={steps.map(([name]) => name)}
        series={[[w.customer, steps.map(([, hour]) => hour.customer)], [w.ai, steps.map(([, hour]) => hour.ai)], [say(w, "human"), steps.map(([, hour]) => hour.human_agent)]]}
      />
      <Share title={w.resolution} data={[[w.confirmed, resolution.confirmed], [w.assumed, resolution.assumed], [say(w, "open"), resolution.open]]} />
      <Share title={w.whoResolved} data={[[w.ai, resolution.by_ai], [say(w, "human"), resolution.by_people]]} />
      <Bars title={w.byReason} data={named(got.escalation_reasons)} />
      <Bars title={w.byIntent} data={named(got.intents)} />
      <Bars title={w.byChannel} data={named(got.channels)} />
      <Bars title={w.byLanguage} data={named(got.languages, (code) => languageName(code, language))} />
      <figure class="plot">
        <figcaption>{w.times}</figcaption>
        <table>
          <thead><tr><th scope="col"><span class="hidden">{w.times}</span></th><th scope="col">50 %</th><th scope="col">95 %</th><th scope="col">n</th></tr></thead>
          <tbody>{times.map(([name, one]) => <tr><th scope="row">{name}</th><td>{length(one)}</td><td>{length(one, true)}</td><td class="dim">{number(one.count, language)}</td></tr>)}</tbody>
        </table>
      </figure>
      {drafts.n ? <Share title={w.drafts} data={[[w.used, drafts.used], [w.edited, drafts.edited], [w.draftDiscarded, drafts.discarded], [w.ignored, drafts.ignored]]} /> : null}
      {csat.count ? <Columns title={w.ratings} data={Object.entries(csat.scores)} narrow /> : null}
      {got.cost ? <Columns title={w.costOver} data={steps.map(([name, hour]) => [name, hour.cost])} digits={4} /> : null}
      <Bars title={w.errorsBy} data={Object.entries(got.errors.by_kind)} />
      <Bars title={w.specialist} data={got.specialists.map((one) => [one.name, one.turns])} />
    </div>
  );
}

const length = (times: Times, late = false): string => {
  const seconds = late ? times.p95_seconds : times.p50_seconds;
  return seconds == null ? "–" : seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds);
};

const NOTHING: Omit<Hour, "at"> = { conversations: 0, customer: 0, ai: 0, human_agent: 0, cases: 0, turns: 0, tokens: 0, cost: 0 };

/** Hours or days without a gap, each with what happened in it, in the reader's own time. */
function stepsOf(got: Statistics, days: number, language: string): [string, Omit<Hour, "at">][] {
  const byDay = days > 2;
  const name = (at: Date): string =>
    byDay ? at.toLocaleDateString(language, { day: "numeric", month: "numeric" }) : at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  const count = byDay ? days + 1 : 24 * days + 1;
  const end = Date.parse(got.to);
  const steps = new Map<string, Omit<Hour, "at">>();
  const key = (at: Date): string => (byDay ? at.toDateString() : `${at.toDateString()} ${at.getHours()}`);
  const places: Date[] = [];
  for (let back = count - 1; back >= 0; back -= 1) {
    const at = new Date(end - back * (byDay ? 24 : 1) * HOUR);
    if (!byDay) at.setMinutes(0, 0, 0);
    if (!steps.has(key(at))) places.push(at);
    steps.set(key(at), { ...NOTHING });
  }
  for (const { at, ...hour } of got.hours) {
    const step = steps.get(key(new Date(at)));
    if (step) for (const field of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) step[field] += hour[field];
  }
  return places.map((at) => [name(at), steps.get(key(at)) ?? { ...NOTHING }]);
}
