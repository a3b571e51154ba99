import { assert, assertEquals } from "@std/assert";
import { escapeHtml, markup, scriptJson } from "./_html.ts";

Deno.test("markup() escapes what stands between markup, and nests", () => {
  const name = `</script><b a="1" b='2'>&`;
  assertEquals(
    markup`<p title="${name}">${[markup`<i>${1}</i>`, null, undefined, " ", 2]}</p>`.toString(),
    `<p title="&lt;/script&gt;&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;"><i>1</i> 2</p>`,
  );
});

Deno.test("escapeHtml() shows control characters and changes of direction as what they are not", () => {
  assertEquals(escapeHtml("a\0b\x1bc\u202ed\u2066e\tf\ng"), "a\ufffdb\ufffdc\ufffdd\ufffde\tf\ng");
});

Deno.test("scriptJson() cannot end its element, and is still the same value", () => {
  const value = { "</script>": ["<!--", "]]>", "\u2028", "&lt;"] };
  const markup = scriptJson(value).toString();
  assert(!/[<>&\u2028]/.test(markup));
  assertEquals(JSON.parse(markup), value);
});
