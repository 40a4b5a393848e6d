"""How the page looks and is used without a mouse: contrast in light and dark, focus, keys, and nothing from outside."""

import pytest
from ui_server import is_local

pytest_plugins = ["ui_browser"]

# Text that is shown, with its contrast to what lies behind it (WCAG 2.1); icons are letters of a font and left out.
CONTRASTS = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = color => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const behind = element => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
        return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const light = color => color.map(part => part / 255)
        .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        const icon = element.closest("[data-testid=stIconMaterial], [data-testid=stChatMessageAvatarCustom], canvas");
        const off = element.closest("[disabled], [data-stale=true], script, style, noscript, [role=img]");
        if (!text || icon || off || style.visibility === "hidden" || !box.width || !box.height) continue;
        if (/material/i.test(style.fontFamily)) continue;
        let opacity = 1;
        for (let at = element; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
        if (opacity < 0.1) continue;
        const below = behind(element), color = rgba(style.color);
        const [one, two] = [light(over([...color.slice(0, 3), color[3] * opacity], below)), light(below)];
        found.push([(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), text.slice(0, 60)]);
    }
    return found;
}"""
FOCUS = """() => {
    const look = element => {
        let all = "";
        for (let at = element, up = 0; at && up < 4; at = at.parentElement, up++) {
            const style = getComputedStyle(at);
            all += [style.outlineStyle, style.outlineColor, style.boxShadow, style.borderColor].join();
        }
        return all;
    };
    const element = document.activeElement, focused = look(element);
    element.blur();
    const blurred = look(element);
    element.focus();
    return focused !== blurred;
}"""
FOCUSED = """() => {
    const {ariaLabel, innerText, placeholder} = document.activeElement;
    const used = document.activeElement.matches("button, input, textarea, a, [role=radio]");  // no mere scroller
    return used ? [ariaLabel, innerText, placeholder].join(" ") : "";
}"""
LEAST_CONTRAST = 4.5


def weak_texts(chat):
    """Texts with too little contrast; there must be some text at all."""
    chat.rest()
    found = chat.page.evaluate(CONTRASTS)
    assert len(found) > 10
    return sorted((round(ratio, 2), text) for ratio, text in found if ratio < LEAST_CONTRAST)


def tab_to(chat, name):
    """Press Tab until the element of this name or text has the focus; it must be seen to have it."""
    for _ in range(60):
        chat.page.keyboard.press("Tab")
        if name in chat.page.evaluate(FOCUSED):
            assert chat.page.evaluate(FOCUS), f"nothing shows that {name} has the focus"
            return
    pytest.fail(f"Tab does not reach {name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(chat, scheme):
    chat.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    chat.page.reload()
    chat.box.wait_for()
    chat.begin()
    background = chat.page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 384) == (scheme == "dark")
    weak = {"start": weak_texts(chat)}
    answer = chat.ask("How many are there in Berlin?", 0)
    answer.get_by_text("How it came about").click()
    answer.get_by_text("Total").wait_for()
    weak["answer"] = weak_texts(chat)
    answer.get_by_role("button", name="Edit SQL").click()
    answer.get_by_role("textbox", name="SQL").wait_for()
    weak["editing"] = weak_texts(chat)
    failed = chat.ask("nope?", 1)
    failed.get_by_test_id("stAlert").wait_for()
    weak["failure"] = weak_texts(chat)
    for view in ("Data", "Verified", "Connect"):
        chat.show(view)
        weak[view] = weak_texts(chat)
    chat.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert {where: texts for where, texts in weak.items() if texts} == {}


def test_a_person_without_a_mouse_asks_stops_edits_and_judges(chat):
    chat.page.reload()
    chat.box.wait_for()
    tab_to(chat, "Ask a question")
    chat.page.keyboard.type("A long answer please")
    chat.page.keyboard.press("Enter")
    chat.messages().nth(1).get_by_text("SELECT").first.wait_for()
    tab_to(chat, "Stop")
    chat.page.keyboard.press("Enter")
    chat.page.get_by_text("You stopped this question.").wait_for()
    tab_to(chat, "Ask a question")
    chat.page.keyboard.type("How many stores are there?")
    chat.page.keyboard.press("Enter")
    assert chat.cells(chat.answer(1)) == ["12"]
    tab_to(chat, "Thumbs up")
    tab_to(chat, "Edit SQL")
    chat.page.keyboard.press("Enter")
    field = chat.messages().nth(3).get_by_role("textbox", name="SQL")
    field.wait_for()
    tab_to(chat, "SQL")
    chat.page.keyboard.press("Control+A")
    chat.page.keyboard.type("SELECT 7 AS seven")
    tab_to(chat, "Run")
    chat.page.keyboard.press("Enter")
    assert chat.cells(chat.answer(2)) == ["7"]


def test_escape_stops_a_question(chat):
    chat.box.fill("A long answer please")
    chat.page.keyboard.press("Enter")
    chat.messages().nth(1).get_by_text("SELECT").first.wait_for()
    chat.page.keyboard.press("Escape")
    chat.page.get_by_text("You stopped this question.").wait_for()


def test_the_whole_page_works_where_nothing_but_this_machine_can_be_reached(chat):
    chat.cells(chat.ask("How many stores are there?", 0))
    for view in ("Data", "Verified", "Connect", "Ask"):
        chat.show(view)
    assert chat.outside == []
    fonts = chat.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert any(".woff" in name for name in fonts), "the page's own fonts came"
    outside = "http://192.0.2.1/"
    refused = f"""() => new Promise(done => {{
        document.addEventListener("securitypolicyviolation", event => done(event.blockedURI));
        fetch("{outside}", {{mode: "no-cors"}}).then(() => done("open"), () => 0);
    }})"""
    assert chat.page.evaluate(refused) == outside, "the page's own policy lets nothing out"
    elsewhere = chat.page.context.new_page()  # a page without that policy, watched the same way
    seen = []
    elsewhere.on("request", lambda request: is_local(request.url) or seen.append(request.url))
    assert (
        elsewhere.evaluate(f"fetch('{outside}', {{mode: 'no-cors'}}).then(() => 'open', () => 'blocked')") == "blocked"
    )
    elsewhere.close()
    assert seen == [outside], "the test would have noticed a request"
    chat.outside.clear()
