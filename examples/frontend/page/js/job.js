import * as api from "./api.js";
import { number, visitors } from "./time.js";

const ended = new Set(["done", "failed", "canceled", "undone"]);

// run runs a job to its end, or undoes it; how is "run" or "undo". shown is called with the job
// after each step. The server works only during a step, so a page that is closed stops it. signal
// cancels the job after the step in progress.
export async function run(job, how, shown, signal) {
  do {
    if (signal?.aborted) return api.cancelJob(job.id);
    job = await api.stepJob(job.id, how);
    shown(job);
  } while (!ended.has(job.state) || (how === "undo" && job.state === "done"));
  return job;
}

// progress describes how far a job is: a text, and a part of 1.
export function progress(job) {
  const [done, of] = job.state === "undoing" ? [job.undo.done, job.progress.changed] : [job.progress.done, job.count];
  const left = job.time_left >= 1 ? `, about ${number(Math.ceil(job.time_left))} s left` : "";
  return { text: `${number(done)} of ${visitors(of)}${left}`, part: of ? done / of : 1 };
}

// summary describes the result of a job; what is "Tagged".
export function summary(what, { state, count, progress }) {
  const of = state === "canceled" ? `Stopped: ${what.toLowerCase()} ${number(progress.changed)} of ${visitors(count)}.` : `${what} ${visitors(progress.changed)}.`;
  const more = [];
  if (progress.unchanged) more.push(`${number(progress.unchanged)} needed no change.`);
  if (progress.missing) more.push(`${number(progress.missing)} no longer exist.`);
  if (progress.refused) more.push(`${number(progress.refused)} are at a limit.`);
  return [of, ...more].join(" ");
}

// undone describes the result of undoing.
export function undone({ undo }) {
  const more = [];
  if (undo.left) more.push(`${number(undo.left)} had changed since, and stay as they are.`);
  if (undo.gone) more.push(`${number(undo.gone)} no longer exist.`);
  return [`Undone for ${visitors(undo.restored)}.`, ...more].join(" ");
}
