// Every piece of visible text whose contrast with its ground is below 4.5 to 1 (WCAG 2.2, "contrast ratio").

function channels(color) {
  return color.match(/[\d.]+/g).map(Number);
}

function luminance(color) {
  const [red, green, blue] = channels(color).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ground(element) {
  for (let one = element; one; one = one.parentElement) {
    const color = getComputedStyle(one).backgroundColor;
    if ((channels(color)[3] ?? 1) === 1) return color;
  }
  return "rgb(255, 255, 255)";
}

function contrast(element) {
  const [darker, lighter] = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

return [...document.body.querySelectorAll("*")]
  .filter((one) => one.tagName !== "NOSCRIPT" && one.checkVisibility())
  .filter((one) => [...one.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()))
  .filter((one) => contrast(one) < 4.5)
  .map((one) => [one.textContent.trim(), contrast(one)]);
