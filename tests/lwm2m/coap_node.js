// A device of npm's coap-node: it asks to be bootstrapped, and registers at the server that it was told. It prints a line of
// JSON for each thing that happens. usage: node coap_node.js MODULES NAME HOST PORT
"use strict";

const path = require("path");

const [modules, name, host, port] = process.argv.slice(2);
const load = (module) => require(path.resolve(modules, module));
const SmartObject = load("smartobject");
const CoapNode = load("coap-node");

const objects = new SmartObject();
objects.init("temperature", 0, { sensorValue: 21, units: "C" });
const node = new CoapNode(name, objects, { version: "1.0" });
const say = (event, more) => console.log(JSON.stringify({ event, ...more }));

node.on("bootstrapped", () => {
  say("bootstrapped", { security: objects.dumpSync("lwm2mSecurity"), server: objects.dumpSync("lwm2mServer") });
});
node.on("registered", () => say("registered"));
node.on("error", (error) => say("error", { error: String(error) }));
node.bootstrap(host, Number(port), (error, response) => {
  say("answered", { error: error && String(error), code: response && response.status });
});
