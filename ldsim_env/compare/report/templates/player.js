"use strict";
// Plays recorded episodes question by question: two policies side by side on the same student.
(() => {
  const data = JSON.parse(document.getElementById("player-data").textContent);
  const player = document.getElementById("player");
  if (!player) return;
  const at = (id) => document.getElementById(id);
  const MOST_OTHERS = 5;
  const PER_UNIT = 1000;
  const labels = new Map(data.policies.map((policy) => [policy.name, policy.label]));

  // A student is a student model, a seed and a place in the cohort; each holds the episodes of its policies.
  const students = new Map();
  for (const episode of data.episodes) {
    const name = JSON.stringify([episode.model, episode.seed, episode.student]);
    if (!students.has(name)) students.set(name, []);
    students.get(name).push(episode);
  }
  const sides = ["a", "b"];
  const now = { name: students.keys().next().value, step: 0, last: 0, timer: 0, episode: {}, mastery: {} };

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const draw = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const unit = (thousandths) => (thousandths / PER_UNIT).toFixed(2);
  const percent = (thousandths) => `${Math.round(thousandths / 10)}%`;
  const signed = (thousandths) => {
    const size = (Math.abs(thousandths) / PER_UNIT).toFixed(3);
    return Number(size) === 0 ? "0" : (thousandths > 0 ? "+" : "−") + size;
  };
  const asked = (episode) => episode.question.length;
  const verdict = (response) => ({ 1: ["right", "✓ right"], 0: ["wrong", "✗ wrong"] })[response] || ["refused", "– not answered"];

  // The mastery that is known after each question: the start, and what has been told since.
  const unfold = (episode) => {
    const pairs = (flat) => flat.reduce((all, value, k) => (k % 2 ? all : [...all, [value, flat[k + 1]]]), []);
    const states = [new Map(pairs(episode.start))];
    for (const change of episode.change) {
      const next = new Map(states[states.length - 1]);
      for (const [concept, mastery] of pairs(change)) next.set(concept, mastery);
      states.push(next);
    }
    return states;
  };

  const skill = (concept, states, step, practised) => {
    const value = states[step].get(concept), start = states[0].get(concept);
    const delta = step ? value - states[step - 1].get(concept) : 0;
    const item = make("li"), bar = make("span", "bar"), fill = make("i"), mark = make("u");
    fill.style.width = `${value / 10}%`;
    mark.style.left = `calc(${start / 10}% - 1px)`;
    bar.append(fill, mark);
    bar.setAttribute("aria-hidden", "true");
    const name = make("span", practised.includes(concept) ? "name asked-now" : "name", data.concepts[concept]);
    name.title = `${data.concepts[concept]}: ${unit(start)} at the start`;
    const moved = Math.abs(delta) < 0.5 ? "" : delta > 0 ? " up" : " down";
    item.append(name, bar, make("span", "value", unit(value)), make("span", `delta${moved}`, step ? signed(delta) : ""));
    return item;
  };

  const strip = (episode, step) => {
    const row = make("div", "strip");
    row.setAttribute("aria-hidden", "true");
    episode.response.forEach((response, k) => {
      const [className, text] = verdict(response);
      const button = make("button", className, text[0]);
      button.type = "button";
      button.tabIndex = -1;
      button.title = `Question ${k + 1}: ${className}`;
      if (k + 1 === step) button.classList.add("now");
      if (k + 1 > step) button.classList.add("ahead");
      button.addEventListener("click", () => go(k + 1));
      row.append(button);
    });
    return row;
  };

  const question = (episode, step) => {
    const box = make("div", "asked");
    if (step === 0) {
      box.append(make("p", "question", "Before the first question"));
      box.append(make("p", "chips", `To teach: ${episode.targets.map((k) => data.concepts[k]).join(", ")}.`));
      return box;
    }
    const [id, concepts] = data.questions[episode.question[step - 1]];
    box.append(make("p", "question", `${step}. Question ${id || "not asked"}`));
    const chips = make("p", "chips");
    concepts.forEach((k, place) => {
      if (place) chips.append(", ");
      chips.append(make(episode.targets.includes(k) ? "b" : "span", "", data.concepts[k]));
    });
    if (concepts.length) chips.append(concepts.some((k) => episode.targets.includes(k)) ? " (target)" : " (no target)");
    const answer = make("p", "answer"), prob = episode.prob[step - 1];
    const [className, text] = verdict(episode.response[step - 1]);
    answer.append(make("span", `verdict ${className}`, text));
    if (prob !== null) answer.append(make("span", "soft", `P(right) was ${percent(prob)}`));
    box.append(chips, answer);
    return box;
  };

  const pane = (side) => {
    const episode = now.episode[side], states = now.mastery[side], step = Math.min(now.step, asked(episode));
    const practised = step ? data.questions[episode.question[step - 1]][1] : [];
    const gain = (episode.exam[step] - episode.exam[0]) / Math.max(PER_UNIT - episode.exam[0], 1);
    const scores = make("p", "scores", `Exam ${unit(episode.exam[0])} → `);
    scores.append(make("b", "", unit(episode.exam[step])), ` · gain so far ${signed(gain * PER_UNIT)}`);
    if (now.step > step) scores.append(make("span", "soft", ` · ended after ${step} questions`));
    const targets = make("ul", "skills"), others = make("ul", "skills others");
    for (const k of episode.targets) targets.append(skill(k, states, step, practised));
    const moves = !step ? [] : [...states[step].keys()].filter((k) => !episode.targets.includes(k))
      .map((k) => [Math.abs(states[step].get(k) - states[step - 1].get(k)), k]).filter(([size]) => size > 0)
      .sort(([a], [b]) => b - a);
    for (const [, k] of moves.slice(0, MOST_OTHERS)) others.append(skill(k, states, step, practised));
    const left = moves.length - MOST_OTHERS;
    if (!moves.length) others.append(make("li", "soft", step ? "none" : ""));
    if (left > 0) others.append(make("li", "soft", `and ${left} more`));
    at(`pane-${side}`).replaceChildren(
      strip(episode, step), question(episode, step), scores,
      make("p", "group", "Targets"), targets, make("p", "group", "Other concepts that moved"), others,
    );
  };

  const place = (value) => 100 * (1 - (value - now.low) / (now.high - now.low));
  const chart = () => {
    const exams = sides.flatMap((side) => now.episode[side].exam);
    const middle = (Math.min(...exams) + Math.max(...exams)) / 2;
    const half = Math.max((Math.max(...exams) - Math.min(...exams)) / 2 + 15, 60);
    now.low = middle - half;
    now.high = middle + half;
    const lines = at("exam-lines"), y = at("exam-y"), x = at("exam-x");
    lines.replaceChildren(draw("path", { class: "cursor", id: "exam-cursor", d: "" }));
    y.replaceChildren();
    x.replaceChildren();
    for (let tick = Math.ceil(now.low / 50) * 50; tick <= now.high; tick += 50) {
      lines.prepend(draw("path", { class: "grid", d: `M0 ${place(tick)}H100` }));
      y.append(make("span", "", unit(tick)));
      y.lastChild.style.bottom = `${100 - place(tick)}%`;
    }
    for (const side of sides) {
      const points = now.episode[side].exam.map((value, k) => `${(100 * k) / now.last} ${place(value)}`);
      lines.append(draw("path", { class: side, d: `M${points.join("L")}` }));
    }
    const step = [1, 2, 5, 10, 20, 50, 100].find((size) => now.last / size <= 7) || 200;
    for (let tick = 0; tick <= now.last; tick += step) {
      x.append(make("span", "", tick));
      x.lastChild.style.left = `${(100 * tick) / now.last}%`;
    }
  };
  const marks = () => {
    at("exam-cursor").setAttribute("d", `M${(100 * now.step) / now.last} 0V100`);
    at("exam-marks").replaceChildren(...sides.map((side) => {
      const dot = make("span", `dot ${side}`), episode = now.episode[side], step = Math.min(now.step, asked(episode));
      dot.style.left = `${(100 * step) / now.last}%`;
      dot.style.top = `${place(episode.exam[step])}%`;
      return dot;
    }));
  };

  const say = () => {
    at("say").textContent = sides.map((side) => {
      const episode = now.episode[side], step = Math.min(now.step, asked(episode)), label = labels.get(episode.policy);
      if (!step) return `${label}: before the first question, exam ${unit(episode.exam[0])}.`;
      const [id, concepts] = data.questions[episode.question[step - 1]];
      const names = concepts.map((k) => data.concepts[k]).join(", ");
      return `${label}: question ${id}, ${names}, ${verdict(episode.response[step - 1])[0]}, exam ${unit(episode.exam[step])}.`;
    }).join(" ");
  };

  const go = (step) => {
    now.step = Math.min(Math.max(step, 0), now.last);
    at("seek").value = now.step;
    at("seek").setAttribute("aria-valuetext", `question ${now.step} of ${now.last}`);
    at("where").textContent = now.step ? `question ${now.step} of ${now.last}` : `start, ${now.last} to come`;
    sides.forEach(pane);
    marks();
    if (now.timer && now.step === now.last) pause();
    if (!now.timer) say();
  };
  const pause = () => {
    clearInterval(now.timer);
    now.timer = 0;
    at("play").textContent = "Play";
    at("play").setAttribute("aria-label", "Play");
  };
  const play = () => {
    if (now.step === now.last) go(0);
    now.timer = setInterval(() => go(now.step + 1), Number(at("pick-speed").value));
    at("play").textContent = "Pause";
    at("play").setAttribute("aria-label", "Pause");
  };
  const toggle = () => (now.timer ? pause() : play());

  const fill = (select, options, chosen) => {
    select.replaceChildren(...options.map(([value, text]) => {
      const option = make("option", "", text);
      option.value = value;
      return option;
    }));
    select.value = options.some(([value]) => value === chosen) ? chosen : options[options.length - 1][0];
  };
  const load = () => {
    const episodes = students.get(now.name);
    for (const side of sides) {
      const episode = episodes.find((one) => one.policy === at(`pick-${side}`).value);
      now.episode[side] = episode;
      now.mastery[side] = unfold(episode);
    }
    now.last = Math.max(...sides.map((side) => asked(now.episode[side])), 1);
    at("seek").max = now.last;
    chart();
    go(now.step);
  };
  const choose = (name) => {
    now.name = name;
    const options = students.get(name).map((one) => [one.policy, `${labels.get(one.policy)} (gain ${signed(one.gain * PER_UNIT)})`]);
    const wished = [at("pick-a").value || data.reference, at("pick-b").value || data.best];
    sides.forEach((side, k) => fill(at(`pick-${side}`), options, wished[k]));
    load();
  };

  const groups = new Map();
  for (const [name, [first]] of students) {
    if (!groups.has(first.model)) groups.set(first.model, make("optgroup"));
    const option = make("option", "", `student ${first.student}, seed ${first.seed} (exam ${unit(first.exam[0])})`);
    option.value = name;
    groups.get(first.model).label = first.model;
    groups.get(first.model).append(option);
  }
  at("pick-student").append(...groups.values());
  at("pick-student").addEventListener("change", (event) => { pause(); now.step = 0; choose(event.target.value); });
  for (const side of sides) at(`pick-${side}`).addEventListener("change", load);
  at("pick-speed").addEventListener("change", () => { if (now.timer) { pause(); play(); } });
  at("seek").addEventListener("input", (event) => { pause(); go(Number(event.target.value)); });
  at("play").addEventListener("click", toggle);
  const moves = { "to-start": () => 0, back: () => now.step - 1, forward: () => now.step + 1, "to-end": () => now.last };
  for (const [id, to] of Object.entries(moves)) at(id).addEventListener("click", () => { pause(); go(to()); });
  at("exam-box").addEventListener("click", (event) => {
    const box = at("exam-box").getBoundingClientRect();
    pause();
    go(Math.round(((event.clientX - box.left) / box.width) * now.last));
  });

  const keys = { ArrowLeft: moves.back, ArrowRight: moves.forward, Home: moves["to-start"], End: moves["to-end"] };
  player.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "SELECT") return;
    if (event.key === " " && event.target.tagName !== "BUTTON") toggle();
    else if (event.key in keys) { pause(); go(keys[event.key]()); } else return;
    event.preventDefault();
  });
  choose(now.name);
})();
