// vectors/runners/run_vectors.py: the format without any TypeScript, on this host's /dev/kvm.
import { assertEquals, assertMatch } from "@std/assert";
import { hasFastMmio, parseVector } from "@ioeventfd/conform";
import { available, LiveBackend } from "@ioeventfd/kvm-live";
import { readText, root } from "../tools/workspace.ts";

const runner = new URL("vectors/runners/run_vectors.py", root);
const files = ["register", "collide", "bus", "guest"].map((kind) => `vectors/${kind}.jsonl`);

function python(...args: string[]): { code: number; stdout: string; stderr: string } {
  return pythonIn({}, ...args);
}

function pythonIn(env: Record<string, string>, ...args: string[]): ReturnType<typeof python> {
  const { code, stdout, stderr } = new Deno.Command("python3", {
    args,
    env,
    cwd: root,
    stdin: "null",
  }).outputSync();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function hasPython(): boolean {
  try {
    return python("-c", "import sys; sys.exit(sys.version_info < (3, 8))").code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function whyNot(): string | null {
  const kvm = available();
  if (!kvm.ok) return kvm.reason.split(";", 1)[0]!;
  if (!hasPython()) return "there is no python3";
  return hasFastMmio(new LiveBackend()) ? "the vectors are of hosts without EPT" : null;
}

const reason = whyNot();
const ignored = reason === null ? "" : ` (ignored: ${reason})`;

/** First lines of each file, and one vector of each kind with an answer that no kernel gives. */
function samples(): { right: string; wrong: string } {
  const lists = files.map((path) => {
    return readText(path).trimEnd().split("\n").slice(0, 60);
  });
  const wrong = lists.map(([line]) => {
    const vector = JSON.parse(line!);
    if ("errno" in vector) vector.errno = "EXDEV";
    else if (vector.kind === "bus") vector.userspace.push({ addr: "0x1", len: 1 });
    else vector.end = "shutdown";
    parseVector(JSON.stringify(vector));
    return JSON.stringify(vector);
  });
  return { right: lists.flat().join("\n"), wrong: wrong.join("\n") };
}

/** A guest that jumps to itself. */
function endless(): string {
  const [line] = readText("vectors/guest.jsonl").split("\n", 1);
  return JSON.stringify({ ...JSON.parse(line!), mode: "real16", code: "ebfe", end: "hlt" });
}

function onFile(text: string, env: Record<string, string> = {}): ReturnType<typeof python> {
  const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
  try {
    Deno.writeTextFileSync(path, text);
    return pythonIn(env, runner.pathname, path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test({
  name: `run_vectors.py passes what this kernel does, all four kinds${ignored}`,
  ignore: reason !== null,
  fn: () => {
    assertEquals(onFile(samples().right), {
      code: 0,
      stdout: "240 passed, 0 failed\n",
      stderr: "",
    });
  },
});

Deno.test({
  name: `run_vectors.py tells what differs${ignored}`,
  ignore: reason !== null,
  fn: () => {
    const { code, stdout } = onFile(samples().wrong);
    assertEquals([code, stdout.split("\n").length], [1, 6]);
    assertMatch(stdout, /^register\/\S+: errno: expected EXDEV, got \w+$/m);
    assertMatch(stdout, /^guest\/\S+: end: expected shutdown, got hlt$/m);
    assertMatch(stdout, /\n0 passed, 4 failed\n$/);
  },
});

Deno.test({
  name: `run_vectors.py stops a guest that does not come back${ignored}`,
  ignore: reason !== null,
  fn: () => {
    const next = samples().right.split("\n")[0];
    const { code, stdout } = onFile(`${endless()}\n${next}`, { VECTOR_SECONDS: "1" });
    assertEquals(code, 1);
    assertMatch(stdout, /^guest\/\S+: end: expected hlt, got intr$/m);
    assertMatch(stdout, /\n1 passed, 1 failed\n$/);
  },
});

Deno.test("run_vectors.py imports nothing but Python's standard library", () => {
  const text = Deno.readTextFileSync(runner);
  const imported = [...text.matchAll(/^(?:import|from) (.*)$/gm)].flatMap(([, list]) => {
    return list!.split(" import ")[0]!.split(", ");
  });
  const standard = ["ctypes", "errno", "fcntl", "json", "mmap", "os", "signal", "socket", "struct"];
  assertEquals(imported.sort(), [...standard, "sys", "tempfile"]);
});
