// What the SQL page uses of CodeMirror, as one script that defines `CodeMirror`: see build.sh.
export { EditorView, keymap, lineNumbers, highlightActiveLine, drawSelection } from "@codemirror/view";
export { EditorState, Prec } from "@codemirror/state";
export { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
export { autocompletion, completionKeymap, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
export { bracketMatching, defaultHighlightStyle, syntaxHighlighting } from "@codemirror/language";
export { sql, PostgreSQL } from "@codemirror/lang-sql";
export { searchKeymap } from "@codemirror/search";
