"""How parents ask, in English and Spanish: data for `topics`.

A phrase is words in their order. `a|b` is either; `a_b` are two words; `...` are up to six others;
`^` begins a question (or what follows "if"), `$` ends it; `;` stands between two phrases. The first row
that fits wins. Texts are compared in small letters, without accents and apostrophes: "what's" is
`what`, "don't" is `dont`.
"""

from orchestrator.understanding.intents import Topic

# Sets of words, by the names that phrases give them.
SETS = {
    "YESNO": "is|are|am|was|were|isnt|arent|do|does|did|can|could|may|will|would|should|has|have",
    "ASK": "what|who|how|where|why|when|is|are|am|was|do|does|did|can|could|will|should|must|have",
    "DAY": "(?:mon|tue|tues|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:days?)?",
    "FREE": "lugar|lugares|cupo|cupos|plazas|plaza|sitio|espacio|puestos|vacantes|libres",
    "SENT": "registered|enrolled|enroled|booked|signed_up|submitted|confirmed|sent|accepted",
    "MAY": "(?:do|can|should|would|could) (?:i|we|you)",
    "TYPED": "this|info|information|form|answers|details|type|i_write|write|enter",
    "NUMBER": r"\d+",
    "PERSONAL": "birthday|birth|birthdate|phone|address|name|email|age",
}

# Asking for a button is no question about the signup: the reader of the step answers with it.
FOR_THE_BUTTON = """
^how|where|como|donde MAY ... confirm|cancel|connect|reset|edit|undo|book|submit|register
^how|where MAY ... log_in|sign_in|go_back|start_over|change|switch|correct|fix
^can|could i|we use ... login|account
^can|could|will|would|please you ... connect|log_in|sign_in|confirm|cancel|submit|reset
^como|donde ... confirmo|cancelo|conecto|cambio|corrijo|envio|inscribo
"""

# Nothing that a signup has an answer to.
BESIDE_THE_POINT = """
weather|clima ... today|tomorrow|tonight|now|week ; weather$ ; weather like
who won|wins ; president|election ; tell me a joke|story ; recipe|homework ; capital of ; meaning of life
"""

QUESTIONS: tuple[tuple[Topic, str], ...] = (
    (
        Topic.PAYMENT,
        """
        refund|refunds|refundable|refunded|reembolso|reembolsos|reembolsan|devolucion|devuelven
        ^ASK ... card|paypal|venmo|invoice|deposit ; money|dinero ... back|vuelta ; how much ... back
        cancellation|cancelation ... policy|fee|fees|rules|deadline
        politica de cancelacion
        ^can|could|what|what_if|how|que|puedo|podemos ... cancel|cancelar|cancelo ... later|after
        ^can|could|what|what_if|how|que|puedo|podemos ... cancel|cancelar|cancelo ... sick|ill|luego
        ^puedo|podemos cancelar ... despues|luego
        ^what|que ... if|si ... cancel|cancelo|enferma|sick
        ^is ... service|app|website ... free
        """,
    ),
    (
        Topic.WHO,
        """
        who are you ; who am i talking|speaking|chatting|writing|texting
        who ... made|runs|owns|operates|behind ... you|this|signupassist
        who is this
        ^are|r you ... human|person|bot|robot|ai|machine|computer|chatbot|chatgpt|somebody|someone
        ^am_i|is_this|is_it|is_that ... person|human|bot|robot|machine|chatbot|ai|chatgpt
        ^is anyone|anybody|somebody|someone ... there
        ^can|could|may ... talk|speak|chat to|with ... person|human|someone|somebody|agent|staff
        ^i want|need|would_like to talk|speak to|with ... person|human|someone|somebody|agent
        what are you$ ; what can|do you do$ ; what is signupassist ; what is this$
        quien eres|es_usted|me_habla ; ^eres|es_usted un|una ... persona|robot|bot|maquina|humano
        hablar|hablo con ... persona|alguien|humano
        """,
    ),
    (
        Topic.REAL,
        """
        ^is|are this|it|that|these|they|those|all ... real|legit|fake|sample|test|demo|scam|serious
        ^is|are this|it|that|these|they|those ... samples|actual|genuine|trustworthy|joke
        for real$
        ^what|why|how|is|are ... sample|samples
        ^es|son|esto ... real|reales|falso|falsos|prueba|estafa|ejemplo|verdad
        ^que significa ... ejemplo|muestra
        ^how|can ... i|we ... know|tell|sure ... real|legit|legitimate|scam|fake
        """,
    ),
    (
        Topic.SENT,
        """
        ^did|has|have it|that|this|you|we|i|my|the ... work|worked|gone_through|go_through
        ^did|has|have it|that|this|you|we|i|my|the ... submit|send|book|register|enroll|enrol
        ^did|has|have ... sign|signed ... up
        ^did|has|have ... get|got|gotten|made ... in|spot|place|confirmed|confirmation
        ^did|has|have ... succeed|finish|finished|accepted|approved|received|arrive|arrived
        ^is|are|am|was|were|did|has|have ... SENT
        ^is|are|am she|he|we|i|they|my|it|this|that|emma ... in|set|done|finished|complete$
        ^are|do you|we ... hold|holding|reserve|reserved|reserving|saving ... spot|place|seat
        ^is|was ... reserved ; spot|place|seat ... saved|held|reserved|secured|guaranteed
        ^what|where|do ... confirmation|reference ... number|code|email
        ^ya ... inscrita|inscrito|inscribio|registrada|registrado|confirmada|confirmado|apuntada
        ^ya ... enviado|enviaste|envio|mandaste|listo|lista|hecho|hecha|reservado|reservada
        ^quedo|esta|estan|se|fue ... inscrita|inscrito|registrada|registrado|confirmada|envio
        ^quedo|esta|estan|se|fue ... confirmado|enviado|enviada|registro|inscribio|apuntada
        ^ya|si quedo ; ^YESNO|how my ... held|reserved|saved ; funciono|salio_bien
        """,
    ),
    (
        Topic.TIME,
        """
        how long do|have|can|will i|we|you|it|this ... have|left|wait|save|saved|valid|stay
        how long does|will|would this|it|the_signup|signing_up take
        how much ... time|longer ; time left|limit
        ^does|do|will|when|is ... expire|expires|expired|time_out|times_out|timeout|deadline
        ^what is|the ... deadline ; ^by when
        come|get ... back|to ... later|tomorrow|tonight|weekend
        ^YESNO ... finish|continue|resume|do ... later|tomorrow|tonight|weekend|evening|night
        ^YESNO ... save|keep|saved|kept ... later|progress|tomorrow
        ^can|could|may i|we ... save|pause
        ^can|could|may ... think|sleep|ask ... about|on|my
        ^is|do ... rush|hurry ; cuanto tiempo ; ^cuando ... caduca|vence|expira
        ^caduca|vence|expira
        ^puedo|podemos|se_puede ... seguir|continuar|terminar|hacerlo ... luego|despues|tarde|manana
        """,
    ),
    (
        Topic.LOGIN,
        """
        ^ASK ... password|passwords|credentials|credential|my_account
        ^who|how|why|is|do|does|will ... login|logins
        ^is there ... way to log_in|sign_in
        ^why|do|does|what_if|must ... account|log_in|connect
        ^que|quien|como|donde|por_que|es|puedo|guardan|para_que ... contrasena|clave|contrasenas
        ^por_que|para_que ... cuenta
        forgot|forgotten|lost|remember|recall ... password|login|username|contrasena
        no me acuerdo|recuerdo ... contrasena|clave|usuario
        ^how|can ... i|we ... know|sure ... safe|secure
        ^what|where ... with|to ... my|our|the login|logins
        without ... account|logging_in|log_in|login|password|connecting
        olvide ... contrasena|clave ; ^why|how|can|should|i ... trust
        i dont have an|any account|login ; no tengo ... cuenta
        """,
    ),
    (
        Topic.DATA,
        """
        ^ASK ... data|privacy|private|confidential
        ^who|can|does|will|is ... sees|see|read|reads|access|gets ... TYPED
        ^what|where|how ... my|her|his|our|their|this|the ... information|answers|details ... go|goes
        ^what|where ... with|to ... answers|info|information|details|i_type|i_write|i_enter
        ^do|does|will|are|is ... share|sell|store|keep|save|remember ... my|her|info|information|details
        ^why|what|what_for ... need|needs|ask|asks|asking|want|wants|know ... PERSONAL|number
        ^para_que|por_que ... piden|necesitan|quieren ... nacimiento|telefono|correo
        gdpr|coppa|hipaa ; delete ... my|her|his|our data|information|info|answers|details
        ^do|will|are you ... store|share|sell ; ^why the|her|his|my|our ... PERSONAL
        ^que|quien|donde|como|por_que|guardan|comparten ... datos|informacion|privacidad|respuestas
        ^quien ... ve|lee|vera
        """,
    ),
    (
        Topic.NEXT,
        """
        what|que now|next|ahora|sigue ; now what|que ; ^and now ; ^ahora que
        what ... next step|steps|thing
        what is|comes|happens ... next|then|after|afterwards|now ; what happens if|when i|we|you
        ^what$ ; what do|should|must|can|shall i|we ... do|say|press|click|type|write|here
        what ... need|have|supposed to do ; what are we doing
        how does|do|is|will this|it|that|signupassist ... work|works|going
        how do|can|would|should i|we ... continue|proceed|go_on|move_on|begin|get_started
        where am|are|were i|we ; where ... form|button|click|press
        where do|can|should i|we ... type|put|enter|write|fill
        when will|do|would i|we ... know|hear|find_out
        how will|do|would i|we know|hear ; i|we need|have to do ; how many steps|more_steps
        ^is that all|it|everything$ ; ^help ; ^ayuda
        i dont understand|get_it|know$ ; i dont understand|get this|it|that|anything$
        im|i_am ... lost|confused|stuck ; no entiendo$
        ^que|como ... hago|hacemos|tengo_que_hacer|debo_hacer|pasa_ahora|pasa_despues
        como funciona
        """,
    ),
    (
        Topic.REQUIREMENTS,
        """
        ^what|which|is|are|anything ... missing|required|prerequisites|prerequisite|requirements
        ^what ... requirement|mandatory|needed
        ^what do|does|else|will ... need|bring|wear|prepare|pack|have_to
        ^do|does|must|should|will ... need|have_to|required ... membership|member|members|waiver
        ^do|does|must|should|will i|we|she|he|they|you|kids|my|the ... need|bring|wear
        ^why cant|can|cannot|dont|isnt|wont ... continue|go_on|proceed|register|move_on|work|form
        ^why ... not ... continue|go_on|proceed|register|move_on
        ^que|cuales|nos|me ... falta|faltan|necesito|necesitamos|necesita|requisitos|piden|llevar
        ^do|must|should i|we ... have_to|need_to|must|fill|answer ... all|everything|fields
        hace falta ; ^what is|a|the|are ... waiver|membership|course
        ^where|how ... do|does|get|take|sign|renew|buy ... waiver|membership|safety_course
        """,
    ),
    (
        Topic.OPTIONS,
        """
        ^do|does|is|are|have|did|hay|tienen|any ... anything|something|nothing|any|algo|other ... DAY
        any programs|classes ... weekends|weekend
        ^algo|hay|tienen ... lunes|martes|miercoles|jueves|viernes|sabado|domingo
        """,
    ),
    (
        Topic.SPOTS,
        """
        ^is|are|isnt|arent ... full|sold_out|booked_out|fully_booked|taken|available|closed|still_open
        ^is|are ... the|this|that|it|they|class|one|program ... open$
        ^YESNO|any|how|got|enough ... spots|spot|places|seats|openings|vacancies|vacancy|availability
        ^how many|much ... left|free|remaining|available
        ^is|are|any|still|do|does ... room|space|spaces|place ... left|for|in|available|still
        ^is|are|any|still|do|does there ... room|space|spaces
        ^can|could ... still ... register|sign|join|enroll|enrol|get_in|in|book|apply
        ^is|are|does|do|has|have|what|how|can ... waiting_list|waitlist|wait_list|waitlisted
        ^does|will|is ... fill|filled|filling ; still time to ; ^is|are there ... left
        ^which ... room|spots|spot|space|places|available|left|open
        ^hay|quedan|queda|tienen|tiene|cuantos|cuantas ... FREE
        ^esta|estan|ya ... lleno|llena|llenos|llenas|completo|completa|agotado|agotada|abierto
        lista de espera ; ^todavia|aun ... puedo|hay|queda|quedan
        """,
    ),
    (
        Topic.AGE,
        """
        how old ; old enough ; too young|old|little|small
        ^what|which|que ... age|ages|grade|grades|edad|edades|ages
        ^what|which|que level|levels|nivel|niveles
        age limit|limits|range|ranges|group|groups|requirement
        ^YESNO ... year|years|yr|yrs|yo|olds|beginner|beginners|toddler|toddlers|teen|teens
        ^YESNO ... suitable|appropriate|right_for|good_for|ok_for|okay_for|easy|hard|difficult|advanced
        ^do|does|is|can|what ... experience
        ^can|could ... if ... she|he|is|never
        de|para cuantos|que ... anos|edad ; cuantos anos
        ^puede|pueden|es|hay|sirve ... anos|principiantes|edad|nivel
        """,
    ),
    (
        Topic.PRICE,
        """
        how much ; how expensive|cheap
        ^what|which|check|see ... price|prices|cost|costs|fee|fees|charge
        know|tell|show|give ... price|prices|cost|costs|fee|fees
        ^what|which ... cheapest|expensive|cheaper|tuition|total
        ^is|are|does|do|any ... free|expensive|cheap|cheaper|pricey|discount|discounts|affordable
        ^is|are|does|do|any|will ... scholarship|scholarships|cost|costs|price|prices|fee|fees
        cuanto ... cuesta|cuestan|vale|valen|es|sale|cobran|costo|seria|costaria|pago|pagar
        ^que|cual|dime ... precio|precios|costo|cuota|tarifa|barato|barata
        a cuanto
        ^es|son|hay ... gratis|gratuito|gratuita|caro|cara|barato|descuento|descuentos|becas
        """,
    ),
    (
        Topic.PAYMENT,
        """
        ^ASK ... pay|payment|payments|paying|charge|charged|billed
        ^ASK ... card|invoice|deposit|installments|paypal
        me van ... cobrar
        ^como|cuando|donde|puedo|tengo|hay|se|debo|aceptan|a_quien ... pago|pagar|paga|tarjeta
        """,
    ),
    (
        Topic.ABOUT,
        """
        ^what|que do|does|will|would|did|hacen they|she|he|kids|children do|learn|play|make
        ^what|que do|does|will|would|did they|she|he|kids|children ... learn|play|make
        """,
    ),
    (
        Topic.SCHEDULE,
        """
        ^what|which time|times|day|days|date|dates|hours|weekday|weekdays|schedule|schedules
        ^what is|are|the|its ... time|times|days|date|dates|hours|schedule|schedules
        how many weeks|lessons|sessions|days|hours|times|classes
        cuanto dura ; ^cual ... horario ; ^how often ; ^at what time ; ^on|from what|which day|days|date
        ^when ... start|starts|begin|begins|end|ends|open|opens
        ^is|are|does|do|will ... weekend|weekends|weekday|weekdays|mornings|afternoons|evenings
        ^is|are|was|does|do it|this|that|they|class|classes ... DAY
        ^is|are ... registration|enrollment|signup ... open|closed
        ^a|que|de ... hora|horario|horarios|fecha|fechas|dia|dias
        """,
    ),
    (
        Topic.PLACE,
        """
        ^what|which ... address|location|town|city|place|nearest|closest
        ^what|which|who ... near|nearer|closer
        ^is|are it|this|that|they|the|he|she ... far|close_to|near|nearby|walking|located|indoors
        ^is there|any ... parking ; how far|close|near
        ^que|como|a ... lejos|cerca|kilometros|millas|direccion|llego|llegar
        ^esta|queda ... lejos|cerca
        """,
    ),
    (
        Topic.OPTIONS,
        """
        what|que else|mas|otro|otros|otra|otras
        ^what|which|que|cuales ... programs|program|classes|courses|options|choices|camps|clubs
        ^what|which|que|cuales ... activities|providers|schools|others|programas|clases|opciones
        ^what|which|que|cuales ... cursos|actividades|alternatives
        ^what|que do|does|tienen|ofrecen they|you|it ... have|offer$
        ^any|anything other|others|else|earlier|later|alternatives|more|on|for|in
        ^show|list|tell ... all|others|programs|options|classes|everything
        ^hay|tienen|ofrecen ... otro|otra|otros|otras|algo|mas|opciones|clases|programas
        """,
    ),
    (
        Topic.ABOUT,
        """
        ^what is|are|the|it|this|that ... about ; what ... like$
        ^what|which|whats ... difference|differences|diff|differ
        ^what do|does|will|would|did they|she|he|it|kids|children|the|we ... do|learn|play|make|get
        ^what do|does|will|would ... include|includes|cover|involve|mean
        ^what happens ... there|at|in|during
        ^tell|say ... about|more ; ^describe|explain
        ^more|any|give|can|need ... info|information|details ... about|on|program|class|please
        ^is|are|does|do|what|will ... included|include|includes|outdoors|outside|indoors|inside
        ^is|are|does|do|what|will ... provided|provide|lunch|gear|equipment
        ^is|are|does|do|will ... rental|rentals|snacks|coach|coaches|instructor|instructors|teacher
        ^who ... teach|teaches|coach|coaches|instructor|instructors|teacher|runs
        ^do|does|will|are they|she|he|kids|children|the|there ... learn|play|outside
        ^how ... big|many ... group|groups|class
        ^de que ... trata|va ; se trata
        ^que ... hacen|hace|aprenden|aprende|incluye|es
        """,
    ),
)
