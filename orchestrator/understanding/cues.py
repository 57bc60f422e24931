"""The words that tell which question is asked, and how much each of them tells: data for `topics`.

A cue is written like a phrase of `phrases`. What is asked about is the topic whose cues weigh the most,
where the words are a question and the weight is at least `ENOUGH`.
"""

from orchestrator.flow.rules import Step
from orchestrator.understanding.intents import Topic

ENOUGH = 2.0  # of one clause
ENOUGH_IN_ALL = (
    3.0  # of a message, where the clause that asks does not tell: "she is 5, is that ok?"
)

# What is rather meant at a step, where the words fit more than one question.
RATHER: dict[Step, dict[Topic, float]] = {
    Step.LOGIN: {Topic.LOGIN: 1.0, Topic.WHO: 0.5},
    Step.PROGRAM_SELECTION: {Topic.ABOUT: 0.5, Topic.AGE: 0.5},
    Step.PREREQUISITE_CHECK: {Topic.REQUIREMENTS: 1.0},
    Step.FORM_FILL: {Topic.DATA: 1.0, Topic.TIME: 0.5},
    Step.CONFIRMATION: {Topic.SENT: 0.5, Topic.PAYMENT: 0.5},
}

CUES: dict[Topic, dict[float, str]] = {
    Topic.PRICE: {
        3: """
        price; prices; pricing; cost; costs; costing; fee; fees; tuition; expensive; cheap; cheaper
        cheapest; pricey; affordable; afford; discount; discounts; scholarship; scholarships; how much
        set|sets us|me back; lightest on; have to pay for; would|do i pay for; what ... damage
        what ... total|run_me|run_us; what ... go|goes for; precio; precios; costo; coste; cuota
        tarifa; cuesta; cuestan; caro; cara; barato; barata; descuento; becas; beca
        cuanto sale|vale|cobran|es|voy|seria; financial aid
        """,
        2: """
        charge; charges; charging; bucks; dollars; rate; rates; total; i|we owe; cuanto; cobran; vale
        NUMBER ... cover|covers|whole|per|each|everything|altogether; what ... for all; spend; budget
        """,
    },
    Topic.SPOTS: {
        5: "you|they|it fully booked|full",
        4: "still ... place|places; place|places ... left|free|open|remaining; get in|into",
        3: """
        spot; spots; openings; opening; vacancy; vacancies; availability; waitlist; waiting_list
        wait_list; full; sold|sell|sells|selling out; filled; filling; fill|fills up; fill; fills
        booked_up; too late; still ... get|sign|join|register|enroll|in|open|available; lleno; llena
        agotado; cupo; cupos; plazas; vacantes; lugares; completo; overbooked; capacity
        """,
        2: """
        room; space; spaces; seat; seats; left; remaining; available; closed; lugar; quedan; queda
        sitio; taken; gone; popular; taken$; openings
        """,
    },
    Topic.SCHEDULE: {
        3: """
        schedule; schedules; timetable
        what|which|que time|times|day|days|date|dates|weekday|month|hours; clash; clashes; conflict
        conflicts; overlap; weekly; biweekly; how many DAY|weeks|lessons|sessions
        how early|late|often; pick_up|pickup ... time|when; horario; horarios; hora; fechas; fecha
        dias; start|end|starting|ending|finish date|dates|time|times
        first|last class|lesson|session|practice
        """,
        2: """
        when; how long; hours; dates; weeks; mornings; morning; afternoon; afternoons; evenings
        weekends; weekdays; till|until when|what; cuando; dura; empieza; termina; semanas
        primera clase; weeknights; pickup; lasts; sessions; holidays; thanksgiving; christmas
        what|which evenings|week|weeks; after school; start; starts; cobran$
        """,
        1: """
        happen; happens; evenings; begin; begins; end; ends; run; runs; meet; meets; last; finish; DAY
        day; days
        on|in ... january|february|march|april|may|june|july|august|september|october|november|december
        """,
    },
    Topic.PLACE: {
        3: """
        address; located; location; directions; parking; park; how far; far; drive; miles; kilometers
        kilometres; minutes away; nearby; close|near by; closest; nearest; nearer; closer; street; map
        maps; part of town; which|what|que town|city|ciudad|street|building|side; get|getting there
        distance; near; close to; donde queda|es|esta|estan; lejos; direccion; ubicacion
        estacionamiento; cerca; up|down north|south; walking; walk; close$; bus
        where ... drop|pick|meet|located|held; whereabouts; somewhere|anywhere near
        """,
        2: """
        where; donde; drop_off; somewhere else; around here; local; queda; llegar; llego; commute
        """,
    },
    Topic.AGE: {
        5: "how experienced|old|good|strong|big|skilled",
        4: """
        old|big|mature|good|strong|experienced enough; too young|old|little|small|hard|difficult
        """,
        3: """
        age; ages; aged; beginner; beginners; novice; grade; grades; qualify; qualifies; eligible
        toddlers; never ... skied|swam|done|tried|skiing|before; know|knows how to; experience
        experienced; suitable; appropriate; cutoff; adults; teenagers; preschoolers; advanced
        skill level; what|which level; edad; edades; principiante; principiantes; nivel
        muy pequena|pequeno|chica|chico|dificil; a newbie; first_timer; first_timers
        over|under NUMBER
        """,
        2: """
        allowed; accept; accepts; old; minimum; maximum; toddler; too big|advanced|easy|much_for
        turns|turned|tiene|only|just|about NUMBER; is|hes|shes|im NUMBER
        NUMBER year|years|yr|yrs|yo|anos; keep up; anos; years
        """,
        1: """
        can|could|would|will|does|should she|he; puede|pueden; entrar; fit|fits; scared; ready; level
        handle; young; take|takes ... NUMBER
        """,
    },
    Topic.ABOUT: {
        3: """
        explain; describe; included; include; includes; involve; involves; instructor; instructors
        coach; coaches; coached; teacher; teachers; teaches; equipment; gear; lunch; food; meals; meal
        snacks; snack; rental; rentals; indoors; outdoors; sleep over; overnight; difference
        more about|on; certified; qualified; groups; group size; kids|children|swimmers|students per
        how big; speak; hand|hands|handed out; provided; provide; provides; taught; learn; learns
        aprenden; aprende; hacen; incluye; comida; se trata; what ... like$; parent ... water|stay
        parents stay|watch; stay and watch
        what ... they|kids|campers|children|she|he ... do|doing|play|make|learn; bathroom
        transportation; all about; cover|covers ... class
        """,
        2: """
        do|does|will they|kids|children|she|he get; what ... means|mean; supervised; lifeguard
        uniform; stay; weather|rain|rains; activities; dress
        """,
        1: "doing; do there; what is; special",
    },
    Topic.OPTIONS: {
        4: """
        anything|something|nothing|algo else|mas|other|cheaper|earlier|later|similar
        do|does|did|have|is|got|hay|are|offer ... anything|something|nothing|algo ... DAY
        """,
        3: """
        options; choices; alternatives; others; what|que else|mas; the only; only the; only have
        opciones
        other classes|programs|stuff|class|choice|ones|things|times|camps|courses|activities|kids|lessons
        otro; otra; otros; otras; all there is; all you|they have; any|some others|more
        are there more; have|got|offer|offering ... anything|something|nothing
        anything|something|nothing for|on|in; what ... sign up for; list ... everything|all; recommend
        suggest; which|what classes|programs|courses|activities|ones
        """,
        2: """
        do|does|did you|they|it|club have|offer|run|do|teach; offer; offers; list
        there nothing|anything; tienen; ofrecen; have you|they got; what kind|kinds|types|type|sort
        is|are there
        """,
    },
    Topic.REQUIREMENTS: {
        4: """
        leave|leaving ... empty|blank|out; skip; skipping; required; mandatory; compulsory; obligatory
        optional; must ... fill|answer; have|need|gotta|has to fill|answer|be|join|become
        """,
        3: """
        requirement; requirements; requires; prerequisite; prerequisites; missing; outstanding
        membership; member; members; waiver; waivers; paperwork; documents; document
        let|letting me|us|her; safety course; stopping; blocking; blocked; bring; wear; pack
        still needed; not ... done; havent ... done; obligatorio; obligatoria; falta; faltan
        requisitos; membresia; miembro; miembros; llevar; physical; do|does|did i|we|she|he|it need
        need ... own; everything we|i need; own skis|gear|boots; vaccination; that|the|this course
        hold|holding up|us; leave|leaving something; hago miembro; go further; boxes; questions
        fields; certificate; do|does you ... need
        """,
        2: """
        need; needs; needed; necessary; necesito; necesario; necesita; necesitamos; must; require
        blanks
        """,
        1: "have to; gotta; sign; course",
    },
    Topic.LOGIN: {
        5: "password; passwords; contrasena; contrasenas",
        3: """
        credentials; credential; login; logins; username; log|logging in; account; accounts; clave
        usuario; cuenta; hacked; hacks; hacker; hackers; trust; sign|signing in
        """,
        2: """
        encrypted; protect; safe; secure; seguro; connecting; hack; security; connect; steal; stolen
        """,
    },
    Topic.DATA: {
        4: """
        why|purpose|reason|for_what ... you|they ... need|ask|want|asking; spam; gdpr; privacidad
        privacy; erase; erased; third parties|party; know about my|her|him|us|me|his
        """,
        3: """
        hold_on|holding_on|hang_on to; strangers; ads; advertising; pictures; data; private
        confidential; delete; deleted; deletes; share; shared; sharing; selling
        sell ... my|our|her|his|it; companies; public
        my|our|her|his|childs address|info|information|details; dob; birthdate; birthday
        who|whom|anyone|anybody|else|others|parents|people ... see|sees|seeing|read|reads|get|gets|access
        datos; informacion; nacimiento; telefono
        what|where ... my|her|his ... kept|stored|go|goes|saved; quien|quienes ... ve|ver|vera|lee
        putting|put|give|giving|enter ... my|her|his; date of birth
        """,
        2: """
        info; information; PERSONAL; number; stored; store; kept; protected; visible; encrypted; safe
        secure; what|why ... phone|number|email; why ... ask|asking|asks|need|want; comfortable
        escribo; seguro; where ... all this|it go|goes|end; marketing; emails; calls; porque|que piden
        read; afterwards; giving; strangers
        """,
        1: "keep; details; answers; form; reason; purpose; who",
    },
    Topic.SENT: {
        5: """
        hold|holding|held|keep|keeping|kept|save|saved|saving|reserve|reserving ... spot|place|seat
        spot|place|seat ... saved|held|reserved|kept|secured; confirmation email|number|code|letter
        """,
        4: """
        confirmation; went|gone|go|going|goes through; signed ... up; in or not|out
        told the club|them; club|they ... been told|heard|notified; was|been received
        """,
        3: """
        registered; enrolled; booked; submitted; confirmed; sent; reserved; on the list|roster; worked
        are we|they in; am i in; is she|he in; is|are|was|am ... done; did ... get|receive|have it
        got in; inscrita; inscrito; registrado; registrada; apuntada; apuntado; enviado; enviada
        confirmado; envio; quedo; hecho; listo; inscripcion; official; made it
        """,
        1: "already; yet; ya; did; has; saved",
    },
    Topic.PAYMENT: {
        5: """
        refund; refunds; refundable; reembolso; reembolsos; devuelven; cancellation policy
        money|dinero back; back out; backing out; get ... back; lose ... money|deposit|fee
        take|takes ... money|card; stuck with; change|changes our|my|her|his mind|minds
        what if ... cancel|sick|ill|hurt|injured|move; drop out
        """,
        4: """
        pay; paying; payment; payments; card; cash; venmo; paypal; invoice; deposit; installments
        pago; cobran; pagar; pagamos; tarjeta; efectivo; bills; billed; bill
        check|checks ... accept|pay; accept|take checks; owe; credit; debit; instalments; zelle
        """,
        2: "charged; due; dinero; charge; obligation; committed; commit; money; paid",
    },
    Topic.TIME: {
        4: """
        still be here|there|saved|open|waiting
        lose|loses|losing ... everything|all|it|progress|what|answers
        how long ... have|good|hold|wait|keep|valid|need; how much longer|time; time limit|left|out
        take long
        close|closing|leave|leaving|shut|exit|quit ... page|this|laptop|browser|tab|computer|app
        until|by when can|must|do|should i|we; se borra|pierde; come|came|coming|get back; expire
        expires
        """,
        3: """
        later; tomorrow; tonight; deadline; pause; progress; forget; decide; mas tarde; log me|us out
        take a break; next week; me da tiempo; how quick|fast do|must i; this|it wait; caduca; vence
        borra; pierde; finish this|it; another day|time; in a rush; take my time; hurry
        """,
        2: """
        wait; minutes; manana; a week|while|day|month; luego|despues; weekend; sleep on
        think about|over; not|dont finish; dont|cant finish
        """,
        1: "wife; husband; my|your time; still",
    },
    Topic.NEXT: {
        4: """
        what|where|que do|can|should|must i|we ... press|click|write|put|type|tap; left|else to do
        what ... i|we ... do now|here|next; want|need me|us to; supposed to; what to do
        luego|despues que; walk ... through; que hago|hacemos; tengo|tenemos que hacer
        where ... button|form
        """,
        3: """
        what will|would|does happen|happens; what happens; what comes; whats|what after|is_after
        what goes on; meant to; then what; how ... start|begin|works; what|que now; next; lost
        confused; stuck; next step|steps; more|many steps; how ... goes; que pasa; que sigue
        get started; what ... do after; what ... do$
        """,
        1: "afterwards; after; steps; button; step",
    },
    Topic.WHO: {
        5: """
        real|actual|live human|person; who am i; who are you
        talk|speak|call|chat ... someone|somebody|person|human
        human|person|someone|somebody ... talk|speak|call|chat
        you ... human|person|robot|bot|machine|ai; am i ... human|person|robot|bot|machine|ai
        some kind|sort of ai|bot|robot; somebody|anybody there; you work for|with|at
        you part of|from|with the|them; you the club; i can speak|talk|call
        """,
        3: """
        human; robot; bot; ai; chatgpt; dealing with; deal with ... person|human
        who|what exactly are you; behind this|it; persona; con quien; hablando; support
        customer service; signup assist; signupassist; machine; what is this thing|app|site|website
        what is this$; phone number ... call; who ... behind|made|runs|built
        """,
    },
    Topic.REAL: {
        5: "practice run; no scam; a scam",
        4: """
        real thing; made up; for real; de verdad; really exist; actually exist
        an|the|a actual registration
        """,
        3: """
        real; legit; legitimate; fake; scam; sample; samples; demo; pretend; exist; exists; genuine
        joke; trick; simulation; estafa; ejemplo; existe; existen; falso; fraud; fraude; dummy
        trustworthy
        """,
        2: "actual; test; practice; testing; prueba; count; play; playing; verdad",
    },
}  # fmt: skip
