// scanner - codes of tickets, from a scanner that types like a keyboard and from the camera.
export const isToken = text => /^[A-Za-z0-9_-]{31}$/.test(text)

const typed_max = 64, pause_ms = 1500, look_ms = 150, side_max = 640

// A wedge scanner types the code and Enter, wherever the focus is; what a person types into a field stays there.
export function wedge(found) {
    let text = '', last = 0
    const key = event => {
        if (event.target.closest?.('input, select, textarea'))
            return
        if (event.timeStamp - last > pause_ms)
            text = ''
        last = event.timeStamp
        if (event.key === 'Enter' && text) {
            event.preventDefault()
            found(text)
            text = ''
        } else if (event.key.length === 1 && text.length < typed_max) {
            text += event.key
        }
    }
    addEventListener('keydown', key)
    return () => removeEventListener('keydown', key)
}

// The browser's own reader where it has one, else one from npm, fetched when it is first needed.
async function reader() {
    if ('BarcodeDetector' in globalThis && (await BarcodeDetector.getSupportedFormats()).includes('qr_code')) {
        const detector = new BarcodeDetector({ formats: ['qr_code'] })
        return async canvas => (await detector.detect(canvas))[0]?.rawValue
    }
    await import('jsqr')
    return async (canvas, context) => {
        const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height)
        return globalThis.jsQR(data, width, height)?.data
    }
}

// camera(video, found): look until the returned function is called. Throws where there is no camera to be had.
export async function camera(video, found) {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
    const read = await reader()
    const canvas = document.createElement('canvas'), context = canvas.getContext('2d', { willReadFrequently: true })
    video.srcObject = stream
    await video.play()
    let ended = false
    const look = async () => {
        if (ended)
            return
        if (video.videoWidth) {
            const part = Math.min(1, side_max / Math.max(video.videoWidth, video.videoHeight))
            canvas.width = video.videoWidth * part
            canvas.height = video.videoHeight * part
            context.drawImage(video, 0, 0, canvas.width, canvas.height)
            const text = await read(canvas, context).catch(() => null)
            if (text && !ended)
                found(text)
        }
        setTimeout(look, look_ms)
    }
    look()
    return () => {
        ended = true
        for (const track of stream.getTracks())
            track.stop()
        video.srcObject = null
    }
}
