const steps = [["year", 31_556_952], ["month", 2_629_746], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "long", timeStyle: "short" });
const days = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const whole = new Intl.NumberFormat("en");

// ago formats how long ago a time was, in the largest unit.
export function ago(time, now = Date.now()) {
  const seconds = (new Date(time) - now) / 1000;
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

// day formats the date of a time.
export const day = (time) => days.format(new Date(time));

// exactly formats a time in full.
export const exactly = (time) => absolute.format(new Date(time));

// number formats a number.
export const number = (n) => whole.format(n);

// visitors formats a number of visitors.
export const visitors = (n) => `${number(n)} ${n === 1 ? "visitor" : "visitors"}`;
