// SPDX-License-Identifier: GPL-3.0-or-later
//
// Proves Kubernetes manifests without a cluster: the schemas of the API (npm kubernetes-models), every key
// known to them, and what jvpn needs of a pod.
//
// usage: manifests.mjs MODULES FILE...      MODULES: the folder with node_modules
//        manifests.mjs MODULES --mutants FILE   every mutant of FILE has to be refused
// Prints "FILE: document: where: what" for each error; the exit status is 1 then.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, ...args] = process.argv.slice(2);
const require = createRequire(modules + "/");
const yaml = require("js-yaml");

// Kinds in use, and the names of their schemas.
const SCHEMAS = {
	"v1/Namespace": "IoK8sApiCoreV1Namespace",
	"v1/ConfigMap": "IoK8sApiCoreV1ConfigMap",
	"v1/Service": "IoK8sApiCoreV1Service",
	"apps/v1/DaemonSet": "IoK8sApiAppsV1DaemonSet",
	"apps/v1/Deployment": "IoK8sApiAppsV1Deployment",
	"networking.k8s.io/v1/NetworkPolicy": "IoK8sApiNetworkingV1NetworkPolicy",
};

async function validator(document) {
	const name = SCHEMAS[`${document?.apiVersion}/${document?.kind}`];
	if (!name) return undefined;
	const url = pathToFileURL(`${modules}/node_modules/kubernetes-models/_schemas/${name}.js`);
	return (await import(url)).validate;
}

// The schemas are compiled code that reads the keys it knows and passes over all others. So: keys that
// nobody has read are unknown to it.
function watched(value, where, unread) {
	if (value === null || typeof value !== "object") return value;
	for (const key of Object.keys(value)) unread.add(`${where}/${key}`);
	const children = {};
	return new Proxy(value, {
		get(target, key) {
			if (typeof key !== "string" || !Object.hasOwn(target, key)) return target[key];
			unread.delete(`${where}/${key}`);
			return (children[key] ??= watched(target[key], `${where}/${key}`, unread));
		},
	});
}

async function schemaErrors(document) {
	const validate = await validator(document);
	if (!validate) return [`kind ${document?.apiVersion}/${document?.kind} is not in use here`];
	const unread = new Set();
	const good = validate(watched(document, "", unread));
	const errors = good ? [] : validate.errors.map((e) => `${e.instancePath}: ${e.keyword} ${JSON.stringify(e.params)}`);
	return [...errors, ...[...unread].map((key) => `${key}: unknown key`)];
}

// --- what jvpn needs ---

const SERVER_STOP_S = 3 + 3; // drain, then SIGTERM

function containerErrors(pod, container, where) {
	const errors = [];
	const security = container.securityContext ?? {};
	const need = (good, what) => good || errors.push(`${where}/${container.name}: ${what}`);
	need(security.allowPrivilegeEscalation === false, "allowPrivilegeEscalation is not false");
	need(security.readOnlyRootFilesystem === true, "readOnlyRootFilesystem is not true");
	need(security.capabilities?.drop?.includes("ALL"), "capabilities: ALL are not dropped");
	need(!security.privileged, "privileged");
	need(container.resources?.limits?.memory, "no limit of memory");
	const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name));
	for (const mount of container.volumeMounts ?? []) need(volumes.has(mount.name), `no volume ${mount.name}`);
	const program = container.args?.[0] ?? "";
	if (!program.startsWith("jvpn-")) return errors;
	const paths = (container.volumeMounts ?? []).map((mount) => mount.mountPath);
	need(paths.includes("/dev/net/tun"), "no /dev/net/tun");
	need(paths.includes("/run/jvpn"), "no place for the control socket");
	for (const cap of ["NET_ADMIN", "SETUID", "SETGID"]) need(security.capabilities.add?.includes(cap), `capability ${cap} is missing`);
	need(container.startupProbe?.exec?.command?.join(" ").includes(`${program} status`), "no startup probe by status");
	need(container.livenessProbe?.exec?.command?.join(" ").includes(`${program} status`), "no liveness probe by status");
	need(container.lifecycle?.preStop?.exec, "no preStop");
	if (program === "jvpn-server") {
		need(container.lifecycle?.preStop?.exec?.command?.join(" ").endsWith("jvpn-server drain"), "preStop is not drain");
		need(container.readinessProbe?.exec, "no readiness probe");
		need(pod.terminationGracePeriodSeconds > SERVER_STOP_S, `terminationGracePeriodSeconds is not above ${SERVER_STOP_S}`);
		need((container.env ?? []).some((e) => e.name === "POLICY_FILE"), "no POLICY_FILE");
	} else {
		need(container.restartPolicy === "Always", "the client is no sidecar (restartPolicy Always)");
	}
	return errors;
}

function ruleErrors(document) {
	const pod = document?.spec?.template?.spec;
	if (!pod) return [];
	const errors = [];
	if (pod.automountServiceAccountToken !== false) errors.push("automountServiceAccountToken is not false");
	if (document.kind === "DaemonSet") {
		const update = document.spec.updateStrategy?.rollingUpdate;
		if (update?.maxSurge !== 0) errors.push("maxSurge is not 0: two servers cannot have one port and one store");
	}
	for (const list of ["initContainers", "containers"])
		for (const container of pod[list] ?? []) errors.push(...containerErrors(pod, container, list));
	return errors;
}

function documents(file) {
	return yaml.loadAll(readFileSync(file, "utf8")).filter((document) => document !== null && document !== undefined);
}
async function errorsOf(document) {
	return [...(await schemaErrors(document)), ...ruleErrors(document)];
}
const nameOf = (document) => `${document?.kind}/${document?.metadata?.name}`;

// --- does the proof see anything? ---

const MUTANTS = [
	["DaemonSet", "a misspelt key", (d) => (d.spec.updateStrategy.rollingUpdate.maxUnavalable = 1)],
	["DaemonSet", "a misspelt key deep down", (d) => (d.spec.template.spec.containers[0].securityContext.capabilites = {})],
	["DaemonSet", "hostNetwork as a string", (d) => (d.spec.template.spec.hostNetwork = "true")],
	["DaemonSet", "a port as a string", (d) => (d.spec.template.spec.containers[0].ports[0].containerPort = "443")],
	["DaemonSet", "an environment value that is no string", (d) => (d.spec.template.spec.containers[0].env[0].value = 1)],
	["DaemonSet", "no template", (d) => delete d.spec.template],
	["DaemonSet", "a wrong protocol", (d) => (d.spec.template.spec.containers[0].ports[0].protocol = "QUIC")],
	["DaemonSet", "no preStop", (d) => delete d.spec.template.spec.containers[0].lifecycle],
	["DaemonSet", "too little time to stop", (d) => (d.spec.template.spec.terminationGracePeriodSeconds = 3)],
	["DaemonSet", "a mount without a volume", (d) => d.spec.template.spec.volumes.pop()],
	["DaemonSet", "no tun", (d) => (d.spec.template.spec.containers[0].volumeMounts = [])],
	["DaemonSet", "privileged", (d) => (d.spec.template.spec.containers[0].securityContext.privileged = true)],
	["DaemonSet", "two at a time", (d) => (d.spec.updateStrategy.rollingUpdate.maxSurge = 1)],
	["ConfigMap", "data that is no text", (d) => (d.data["policy.yaml"] = { version: "1" })],
	["Namespace", "an unknown kind", (d) => (d.kind = "NameSpace")],
];

async function mutantErrors(file) {
	const errors = [];
	for (const [kind, what, change] of MUTANTS) {
		const document = documents(file).find((d) => d.kind === kind);
		change(document);
		if ((await errorsOf(document)).length === 0) errors.push(`${file}: mutant not refused: ${what}`);
	}
	return errors;
}

const all = [];
if (args[0] === "--mutants") {
	all.push(...(await mutantErrors(args[1])));
} else {
	for (const file of args)
		for (const document of documents(file))
			all.push(...(await errorsOf(document)).map((error) => `${file}: ${nameOf(document)}: ${error}`));
}
for (const error of all) console.log(error);
process.exit(all.length === 0 ? 0 : 1);
