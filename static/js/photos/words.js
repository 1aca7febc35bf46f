// What the page says, in its language: the server writes it as data (templates/photos/_words.html).

const texts = JSON.parse(document.getElementById("words").textContent);
const figures = new Intl.NumberFormat(document.documentElement.lang);

const shown = (value) => (typeof value === "number" ? figures.format(value) : value);

export const known = (name) => name in texts;

export const say = (name, values = {}) => texts[name].replace(/\{(\w+)\}/g, (_, key) => shown(values[key]));
