// Judges Thing Models and Thing Descriptions by W3C's playground. usage: node playground.js MODULES < documents
// In: a JSON array of {kind: "model" | "description", text}. Out: an array of {accepted, warned, why}, in the same
// order. Without the checks that fetch (JSON-LD contexts, linked models).
"use strict";
const path = require("path");
const { tdValidator, tmValidator } = require(path.resolve(process.argv[2], "@thing-description-playground/core"));

async function judged({ kind, text }) {
  const said = [];
  const validator = kind === "model" ? tmValidator : tdValidator;
  const options = { checkDefaults: false, checkJsonLd: false, checkTmConformance: false };
  try {
    const { report } = await validator(text, (line) => said.push(String(line)), options);
    const accepted = report.json === "passed" && report.schema === "passed" && report.additional !== "failed";
    return { accepted, warned: report.additional === "warning", why: said.join("; ") };
  } catch (error) {
    return { accepted: false, warned: false, why: String(error) };
  }
}

let input = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (part) => (input += part));
process.stdin.on("end", async () => {
  const verdicts = [];
  for (const document of JSON.parse(input)) verdicts.push(await judged(document));
  process.stdout.write(JSON.stringify(verdicts));
});
