// What an injected piece of HTML would try. Answers how often each directive of the page's policy said no.

const blocked = {};
document.addEventListener("securitypolicyviolation", (event) => {
  blocked[event.effectiveDirective] = (blocked[event.effectiveDirective] ?? 0) + 1;
});

function put(name, attributes, text = "") {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(text);
  document.body.append(element);
  return element;
}

const elsewhere = "https://elsewhere.example/";
const attempts = [
  () => put("script", {}, "window.intruded = 1"),
  () => put("script", { src: elsewhere }),
  () => put("button", { onclick: "window.intruded = 2" }).click(),
  () => (document.body.innerHTML = "<p>intruded</p>"),
  () => put("a", { href: "javascript:window.intruded = 3" }).click(),
  () => put("style", {}, "body { display: none }"),
  () => put("p", { style: "color: red" }),
  () => put("img", { src: elsewhere }),
  () => put("iframe", { src: elsewhere }),
  () => put("base", { href: elsewhere }),
  () => put("form", { action: elsewhere, method: "post" }).submit(),
  () => fetch(elsewhere).catch(() => {}),
  () => import(elsewhere).catch(() => {}),
];
for (const attempt of attempts) {
  try {
    attempt();
  } catch {
    // a policy may say so by throwing
  }
}

return new Promise((resolve) => setTimeout(() => resolve(blocked), 500));
