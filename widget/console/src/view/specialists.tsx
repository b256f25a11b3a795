/** The AI specialists and their load. Above: app. Below: api. */
import { useEffect } from "preact/hooks";
import { number } from "../time";
import type { Specialist } from "../types";
import { useHouse, useLoad, useNow } from "./context";

export function Specialists() {
  const { store, w, language } = useHouse();
  const turn = useNow(5);
  const { got, failed, again } = useLoad(() => store.api.get<{ specialists: Specialist[] }>("/specialists"), []);
  useEffect(again, [turn]);
  return (
    <section class="page" id="talk" tabIndex={-1}>
      <header class="head"><h1>{w.specialists}</h1>{store.has("GET /autonomy") ? <a href="#/autonomy">{w.autonomy}</a> : null}</header>
      {failed ? <div class="acts"><button onClick={again}>{w.retry}</button></div> : null}
      {got?.specialists.length === 0 ? <p class="empty">{w.noSpecialists}</p> : null}
      <div class="cards">
        {got?.specialists.map((one) => (
          <article class="panel" key={one.name}>
            <header><h2>{one.name}</h2><span class={`owner ${one.active_turns ? "mine" : "closed"}`}>{one.active_turns ? w.busy : w.idle}</span></header>
            <p>{one.description}</p>
            <dl class="numbers">
              <div><dt>{w.activeNow}</dt><dd>{one.active_turns}</dd></div>
              <div><dt>{w.lastHour}</dt><dd>{number(one.turns_last_hour, language)}</dd></div>
              <div><dt>{w.mean}</dt><dd>{number(one.mean_seconds, language, 2)} s</dd></div>
              <div><dt>{w.p95}</dt><dd>{number(one.p95_seconds, language, 2)} s</dd></div>
              <div><dt>{w.escalated}</dt><dd>{number(one.escalation_share * 100, language)} %</dd></div>
            </dl>
            <p class="dim">{one.languages.join(" · ")}</p>
          </article>
        ))}
      </div>
    </section>
  );
}
