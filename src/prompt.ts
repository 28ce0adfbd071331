/* The permission dialog's entry: apart from the host's, for apps that ask in their own way. */
export { askWithDialog, type AskWithDialogOptions } from "./prompt/ask-with-dialog.js";
export { ENGLISH_TEXTS, type PermissionDialogTexts } from "./prompt/dialog-texts.js";
export { definePermissionDialog, PERMISSION_DIALOG, type PermissionDialogElement, type PermissionDialogOptions } from "./prompt/permission-dialog-element.js";
export { describeCapabilityText } from "./prompt/describe-capability-text.js";
