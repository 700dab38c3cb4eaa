// Node has had these on Buffer for ever; its types leave them out. They skip the look-up of the encoding's name, which shows on hot paths.
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}

export {};
