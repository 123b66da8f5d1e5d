// view - the view library as the pages use it: html`<p>...</p>` by htm, components and hooks by preact.
import { h, render, Fragment } from 'preact'
import htm from 'htm'
export { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
export { h, render, Fragment }
export const html = htm.bind(h)
