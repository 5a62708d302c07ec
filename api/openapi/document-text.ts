import { openApiDocument } from './document.ts';

/** The OpenAPI document as it is sent, written once. */
export class DocumentText {
  readonly text: string;

  constructor(version: string) {
    this.text = JSON.stringify(openApiDocument(version));
  }
}
